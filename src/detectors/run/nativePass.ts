import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { graphEnd } from '../../classifier/ending';
import { isLayersModel, type Layer, walkGraph, weightsOf } from '../../classifier/walkGraph';
import { refuse } from '../../core/check';

/** Features and logits of a batch; the caller owns both. */
export interface FeaturesAndLogits {
  /** `[B, size]`, or `[B, 0]` where no layer was named. */
  readonly features: tf.Tensor2D;
  /** `[B, K]`. */
  readonly logits: tf.Tensor2D;
}

/**
 * One forward pass of a model of tfjs as it is, by the operations and kernels of tfjs itself: small, for pages that only use what
 * was fitted elsewhere; whoever restores that sees by a probe whether they compute the same here. Softmax and sigmoid are taken off
 * at the end.
 */
export function nativePass(
  fn: string,
  model: LayersModel | tf.InferenceModel,
  layer: string | null,
): (x: tf.Tensor) => FeaturesAndLogits {
  const run = isLayersModel(model) ? passOfLayers(model, layer) : passOfGraph(model, layer);
  return (x) =>
    tf.tidy(() => {
      const { features, out } = run(x);
      if (layer !== null && features === undefined)
        return refuse(
          { fn, argument: 'model' },
          'UNSUPPORTED_MODEL',
          `a model with the layer '${layer}'`,
          'one without it',
          'Pass the model that the detector was made of.',
        );
      const count = x.shape[0]!;
      const logits = out.shape[1] === 1 ? tf.concat([tf.zerosLike(out), out], 1) : out;
      return {
        features:
          features === undefined ? tf.tensor2d([], [count, 0]) : (tf.reshape(features, [count, -1]) as tf.Tensor2D),
        logits: logits as tf.Tensor2D,
      };
    });
}

interface Found {
  readonly features?: tf.Tensor | undefined;
  readonly out: tf.Tensor;
}

function passOfLayers(model: LayersModel, name: string | null): (x: tf.Tensor) => Found {
  return (x) => {
    let features: tf.Tensor | undefined;
    const [out] = walkGraph<tf.Tensor>(model, [x], ({ layer, inputs, last }) => {
      const result = (last && beforeActivation(layer, inputs[0]!)) || apply(layer, inputs);
      if (layer.name === name) features = result;
      return result;
    });
    return { features, out: out! };
  };
}

function apply(layer: Layer, inputs: readonly tf.Tensor[]): tf.Tensor {
  return layer.apply(inputs.length === 1 ? inputs[0]! : [...inputs]) as tf.Tensor;
}

/** What the last layer computes before its softmax or sigmoid; undefined if it ends in none. */
function beforeActivation(layer: Layer, x: tf.Tensor): tf.Tensor | undefined {
  const name = layer.getClassName();
  const activation = name === 'Softmax' ? 'softmax' : layer.getConfig().activation;
  if (activation !== 'softmax' && activation !== 'sigmoid') return undefined;
  if (name === 'Softmax' || name === 'Activation') return x;
  if (name !== 'Dense') return undefined;
  const [kernel, bias] = weightsOf(layer).map((weight) => weight.read());
  const product = tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D);
  return bias === undefined ? product : tf.add(product, bias);
}

function passOfGraph(model: tf.InferenceModel, layer: string | null): (x: tf.Tensor) => Found {
  const output = model.outputs[0]!.name;
  const { until = output } = graphEnd(model, output);
  return (x) => {
    const [out, features] = model.execute(x, layer === null ? [until] : [until, layer]) as
      | tf.Tensor[]
      | tf.Tensor as tf.Tensor[];
    return { features, out: out! };
  };
}
