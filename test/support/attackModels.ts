import * as tf from '@tensorflow/tfjs-core';
import { type Classifier, classifier } from '../../src/classifier/index';
import { createRng } from '../../src/core/rng';
import { mlp } from '../../src/models/mlp';

/** Objective: the first logit. */
export const firstLogit = (z: tf.Tensor2D): tf.Tensor1D => tf.squeeze(tf.slice(z, [0, 0], [-1, 1]), [1]);

/** A linear classifier of two classes with the logits (w.x, 0). */
export function linear(w: readonly number[]): (x: tf.Tensor) => tf.Tensor2D {
  return (x) => tf.matMul(x as tf.Tensor2D, tf.tensor2d(w.map((v) => [v, 0])));
}

/** A classifier whose logits are its inputs, so that an objective of the logits is one of the inputs. */
export function identity(d: number, bounds: readonly [number, number] = [0, 1]): Classifier {
  return classifier((x) => tf.mul(x, 1) as tf.Tensor2D, { inputShape: [d], classes: d, bounds });
}

/** A random ReLU network with biases, which make it less symmetric than fresh weights. */
export function randomMlp(seed: number, d = 6, classes = 4) {
  const model = mlp({ inputShape: [d], hidden: [16, 16], classes, seed });
  const rng = createRng(seed).fork('biases');
  tf.tidy(() =>
    model.setWeights(
      model
        .getWeights()
        .map((w) => (w.rank === 1 ? tf.tensor1d(Array.from({ length: w.size }, () => 0.3 * rng.normal())) : w)),
    ),
  );
  return model;
}

/** Images of U(0, 1). */
export function uniformImages(batch: number, d: number, seed: number): tf.Tensor2D {
  const rng = createRng(seed).fork('images');
  return tf.tensor2d(Float32Array.from({ length: batch * d }, rng.uniform), [batch, d]);
}
