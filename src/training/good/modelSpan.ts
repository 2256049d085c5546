import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { applied, withRightKernels } from '../../classifier/rightKernels';
import { walkGraph } from '../../classifier/walkGraph';
import { readNow } from '../../core/readNow';
import { createRng } from '../../core/rng';
import { endsInSoftmax, kernelAndBias, layerSpan, unsupported } from './layerSpan';
import { type Span, throughLinear } from './span';

/** Bounds of the logits of a model over a span of inputs, by interval propagation in inference mode; runs in a tidy. */
export function modelSpan(fn: string, model: LayersModel, input: Span): Span {
  return spansOf(fn, model, input, model.outputs)[0]!;
}

/**
 * Upper bounds `[B, K, K]` on the differences of two logits, z_k - z_j at [b, k, j], over a span of inputs. Where the model
 * ends in a dense layer the difference is taken before the bounds (last-layer elision); the diagonal is zero.
 */
export function differenceSpan(fn: string, model: LayersModel, input: Span): tf.Tensor3D {
  const before = lastDense(model);
  if (before === undefined) {
    const { lower, upper } = modelSpan(fn, model, input);
    const differences = tf.sub(tf.expandDims(upper, 2), tf.expandDims(lower, 1));
    return tf.mul(differences, tf.sub(1, tf.eye(model.outputs[0]!.shape[1]!)));
  }
  const { kernel, bias } = kernelAndBias(before.sourceLayer);
  const [inputs, classes] = kernel.shape as [number, number];
  const pairs = (weights: tf.Tensor) => tf.sub(tf.expandDims(weights, -1), tf.expandDims(weights, -2));
  const rows = tf.reshape(pairs(kernel), [inputs, classes * classes]);
  const [features] = spansOf(fn, model, input, before.inputs);
  const product = (weights: tf.Tensor) => (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, weights as tf.Tensor2D);
  const { upper } = throughLinear(features!, product(rows), product(tf.abs(rows)));
  const differences = tf.reshape(upper, [-1, classes, classes]);
  return (bias === undefined ? differences : tf.add(differences, pairs(bias))) as tf.Tensor3D;
}

/** The result of the dense layer that a model ends with, apart from a softmax. */
function lastDense({ outputs }: LayersModel): SymbolicTensor | undefined {
  let last = outputs[0]!;
  const { activation } = last.sourceLayer.getConfig();
  const name = last.sourceLayer.getClassName();
  if (name === 'Softmax' || (name === 'Activation' && activation === 'softmax')) last = last.inputs[0]!;
  if (last.sourceLayer?.getClassName() !== 'Dense' || last.inputs[0]!.rank !== 2) return undefined;
  const ending = last.sourceLayer.getConfig().activation ?? 'linear';
  return ending === 'linear' || (ending === 'softmax' && last === outputs[0]) ? last : undefined;
}

/** The spans of some inner tensors of a model, given that of its input. */
function spansOf(fn: string, model: LayersModel, input: Span, wanted: readonly SymbolicTensor[]): Span[] {
  return withRightKernels(() => {
    if (!compared.has(model)) compareLayers(fn, model, input.lower.shape.slice(1));
    return walkGraph<Span>(model, [input], ({ layer, inputs, last }) => layerSpan(fn, layer, inputs, last), wanted);
  });
}

/** Models of which {@link compareLayers} has found that their layers are what they say. */
const compared = new WeakSet<LayersModel>();

/** Two ways of computing a layer in float32 agree at least to this part of its largest result. */
const SAME = 1e-4;

/** Refuses a model with a layer that computes something else than the span of a single point says it does. */
function compareLayers(fn: string, model: LayersModel, inputShape: readonly number[]): void {
  const rng = createRng(1812);
  tf.tidy(() => {
    const shape = [2, ...inputShape];
    const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 0.5 + rng.normal());
    const probes = tf.tensor(values, shape);
    walkGraph<Span>(model, [{ lower: probes, upper: probes }], ({ layer, tensor, inputs, last }) => {
      if (tensor.shape.some((size) => size !== null && size < 1)) unsupported(fn, layer, ', whose result is empty');
      const point = layerSpan(fn, layer, inputs, last);
      const result = applied(
        layer,
        inputs.map(({ lower }) => lower),
      );
      if (last && endsInSoftmax(layer)) return point;
      const gap = tf.max(tf.abs(tf.sub(point.lower, result)));
      const [far] = readNow(tf.greater(gap, tf.mul(SAME, tf.max(tf.abs(result))))) ?? [0];
      if (far === 1) unsupported(fn, layer, ', which computes something else than its configuration says');
      return { lower: result, upper: result };
    });
  });
  compared.add(model);
}
