import type * as tf from '@tensorflow/tfjs-core';

/** One picture in float64: `at(y, x, c)` is `values[(y * width + x) * channels + c]`. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly values: readonly number[];
}

/** Values of a tensor as float64 numbers. */
export const numbers = (t: tf.Tensor): number[] => Array.from(t.dataSync());

const make = (height: number, width: number, channels: number, at: (y: number, x: number, c: number) => number) => ({
  height,
  width,
  channels,
  values: Array.from({ length: height * width * channels }, (_, i) =>
    at(Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels),
  ),
});

const read = (p: Picture, y: number, x: number, c: number) =>
  y < 0 || x < 0 || y >= p.height || x >= p.width ? 0 : p.values[(y * p.width + x) * p.channels + c]!;

export const map = (p: Picture, f: (v: number, channel: number) => number): Picture =>
  make(p.height, p.width, p.channels, (y, x, c) => f(read(p, y, x, c), c));

export const relu = (p: Picture) => map(p, (v) => Math.max(v, 0));

export const plus = (a: Picture, b: Picture): Picture =>
  make(a.height, a.width, a.channels, (y, x, c) => read(a, y, x, c) + read(b, y, x, c));

/** Convolution with TensorFlow's SAME padding: output size ceil(n / stride), the odd cell of padding at the end. */
export function convolve(p: Picture, kernel: tf.Tensor, stride: number): Picture {
  const [size, , inputs, outputs] = kernel.shape as [number, number, number, number];
  const k = numbers(kernel);
  const before = (n: number) => Math.floor(Math.max((Math.ceil(n / stride) - 1) * stride + size - n, 0) / 2);
  return make(Math.ceil(p.height / stride), Math.ceil(p.width / stride), outputs, (y, x, o) => {
    let sum = 0;
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++)
        for (let c = 0; c < inputs; c++)
          sum +=
            read(p, y * stride + i - before(p.height), x * stride + j - before(p.width), c) *
            k[((i * size + j) * inputs + c) * outputs + o]!;
    return sum;
  });
}

/** Mean of 2x2 blocks, of a picture with even sides. */
export const halve = (p: Picture): Picture =>
  make(p.height / 2, p.width / 2, p.channels, (y, x, c) => {
    const corner = (i: number, j: number) => read(p, 2 * y + i, 2 * x + j, c);
    return (corner(0, 0) + corner(0, 1) + corner(1, 0) + corner(1, 1)) / 4;
  });

/** Twice the channels: a quarter of zeros, the old channels, a quarter of zeros. */
export const widen = (p: Picture): Picture =>
  make(p.height, p.width, 2 * p.channels, (y, x, c) => {
    const old = c - p.channels / 2;
    return old >= 0 && old < p.channels ? read(p, y, x, old) : 0;
  });

/** gamma (v - mean) / sqrt(variance + epsilon) + beta; weights in the order in which tfjs-layers keeps them. */
export function normalise(p: Picture, weights: readonly tf.Tensor[], epsilon: number): Picture {
  const [gamma, beta, mean, variance] = weights.map(numbers);
  return map(p, (v, c) => (gamma![c]! * (v - mean![c]!)) / Math.sqrt(variance![c]! + epsilon) + beta![c]!);
}
