import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { createRng } from '../../src/core/rng';
import { type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';

/** A dense layer, written down: `kernel[j][i]` is the weight from input j to unit i. */
export interface DenseWeights {
  readonly kernel: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/** A network of dense layers with a ReLU between any two. */
export function denseNet(...weights: readonly DenseWeights[]): PiecewiseAffine {
  const model = sequential({
    layers: weights.map(({ kernel, bias }, n) =>
      layers.dense({
        units: bias.length,
        activation: n < weights.length - 1 ? 'relu' : 'linear',
        ...(n === 0 && { inputShape: [kernel.length] }),
      }),
    ),
  });
  tf.tidy(() => {
    model.setWeights(
      weights.flatMap(({ kernel, bias }) => [tf.tensor2d(kernel.map((row) => [...row])), tf.tensor1d([...bias])]),
    );
  });
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

/** Random weights of variance 2 / fan-in and biases of variance `spread^2`, for layers of these sizes. */
export function randomDense(seed: number, sizes: readonly number[], spread = 1): PiecewiseAffine {
  const rng = createRng(seed);
  return denseNet(
    ...sizes.slice(1).map((size, n) => ({
      kernel: Array.from({ length: sizes[n]! }, () =>
        Array.from({ length: size }, () => Math.sqrt(2 / sizes[n]!) * rng.normal()),
      ),
      bias: Array.from({ length: size }, () => spread * rng.normal()),
    })),
  );
}

/** A convolution with ReLU, max-pooling and a dense layer on images of 6 x 6 pixels, with random biases; 3 classes. */
export function randomConv(seed: number): PiecewiseAffine {
  const rng = createRng(seed);
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [6, 6, 1], filters: 3, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 6, activation: 'relu' }),
      layers.dense({ units: 3 }),
    ],
  });
  tf.tidy(() => {
    model.setWeights(
      model.getWeights().map(({ shape, size }) => tf.tensor(Float32Array.from({ length: size }, rng.normal), shape)),
    );
  });
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

/** A point with standard normal entries. */
export function randomPoint(seed: number, size: number): Float64Array {
  const rng = createRng(`point ${seed}`);
  return Float64Array.from({ length: size }, () => rng.normal());
}

/** Softmax in float64. */
export function softmax(logits: Float64Array): Float64Array {
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** `factor * x`. */
export function scaled(x: ArrayLike<number>, factor: number): Float64Array {
  return Float64Array.from(x, (value) => factor * value);
}
