import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type Forward, run } from '../../classifier/ending';
import { layersModelOf } from '../../classifier/layersModelOf';
import { checkTrainingMode, trainingForward } from '../../classifier/trainingForward';
import type { LogitsOptions, ModelLike } from '../../classifier/types';
import { isLayersModel, type Layer, weightsOf } from '../../classifier/walkGraph';
import { refuse } from '../../core/check';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { PiecewiseAffine } from '../../regions/types';

/** A network as features and a dense layer on them: `f(x) = W phi(x) + b`. */
export interface Head {
  /** Number of features, with the constant 1 that stands for the bias if there is one. */
  readonly size: number;
  /** phi(x), with a column of ones if the layer has a bias: `[B, size]`. */
  features(x: tf.Tensor, options?: LogitsOptions): tf.Tensor2D;
  /** The logits of features: `[B, K]`. */
  logits(features: tf.Tensor2D): tf.Tensor2D;
  /** W and b as they are now: row j holds what feature j adds to each logit, `size` x K. */
  weights(): Promise<Float64Array>;
  /** The whole network in float64, as it is now. */
  network(): PiecewiseAffine;
}

/** The features and the last dense layer of a LayersModel. */
export function headOf(fn: string, like: ModelLike): Head {
  const model = layersModelOf({ fn, argument: 'model' }, like);
  const found = lastDense(model);
  if (found === undefined)
    return refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a LayersModel whose logits come from a dense layer',
      'a model that does not show one',
      'Pass the LayersModel itself; only a softmax may follow its last dense layer.',
    );
  const { features, layer } = found;
  const weights = () => weightsOf(layer).map((weight) => weight.read());
  const [kernel, bias] = weights();
  const withOnes = (phi: tf.Tensor): tf.Tensor2D => {
    if (bias === undefined) return phi as tf.Tensor2D;
    return tf.concat([phi as tf.Tensor2D, tf.ones([phi.shape[0]!, 1])], 1);
  };
  return {
    size: kernel!.shape[0]! + (bias === undefined ? 0 : 1),
    features: (x, { training = false, rng } = {}) =>
      tf.tidy(() => {
        if (!training) return withOnes(features(x, false));
        checkTrainingMode(model);
        return withOnes(trainingForward(model, rng, () => features(x, true)));
      }),
    logits: (phi) => tf.tidy(() => tf.matMul(phi, stacked(weights()))),
    weights: async () => {
      const all = tf.tidy(() => stacked(weights()));
      return Float64Array.from(await all.data().finally(() => all.dispose()));
    },
    network: () => toPiecewiseAffine(model),
  };
}

/** The kernel with the bias as its last row. */
function stacked([kernel, bias]: readonly tf.Tensor[]): tf.Tensor2D {
  if (bias === undefined) return tf.clone(kernel as tf.Tensor2D);
  return tf.concat([kernel as tf.Tensor2D, tf.reshape(bias, [1, bias.shape[0]!])], 0);
}

/** A model cut in front of its last dense layer. */
interface LastDense {
  /** The features phi that the layer reads. */
  readonly features: Forward;
  /** The layer that makes the logits. */
  readonly layer: Layer;
}

/** Layers and activations behind the dense layer that leave its logits as they are once a softmax is off. */
const AFTER = ['linear', 'softmax'];

/** The last dense layer of a model, or undefined if something else makes its logits. */
function lastDense(model: LayersModel): LastDense | undefined {
  return denseOf(model, model.outputs[0]!);
}

function denseOf(model: LayersModel, output: SymbolicTensor): LastDense | undefined {
  const layer = output.sourceLayer;
  const before = output.inputs[0]!;
  if (isLayersModel(layer)) {
    const inner = lastDense(layer);
    const outer = run(model, before);
    return inner && { ...inner, features: (x, training) => inner.features(outer(x, training), training) };
  }
  const name = layer.getClassName();
  const leavesLogits = name === 'Softmax' || AFTER.includes(layer.getConfig().activation as string);
  if (!leavesLogits) return undefined;
  if (name === 'Dense') return { features: run(model, before), layer };
  return name === 'Softmax' || name === 'Activation' ? denseOf(model, before) : undefined;
}
