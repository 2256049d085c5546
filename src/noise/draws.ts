import * as tf from '@tensorflow/tfjs-core';
import type { Box } from '../core/bounds';
import type { Rng } from '../core/rng';

/** How drawn pixels lie in memory: image by image, or one pixel of all images after the other. */
export type Layout = 'images' | 'pixelRows';

/** A run of images: `count` of them, each of so many pixels with so many channels. */
export interface Run {
  readonly count: number;
  readonly pixels: number;
  readonly channels: number;
}

/** Uniform numbers on the box, `[count * pixels, channels]`; drawn image by image, whatever the layout. */
export function drawUniform(run: Run, layout: Layout, rng: Rng, [low, high]: Box): tf.Tensor2D {
  const { count, pixels, channels } = run;
  const values = new Float32Array(count * pixels * channels);
  const [imageStep, pixelStep] = steps(run, layout);
  const span = high - low;
  for (let i = 0; i < count; i++)
    for (let p = 0; p < pixels; p++) {
      const start = (i * imageStep + p * pixelStep) * channels;
      for (let c = 0; c < channels; c++) values[start + c] = low + rng.uniform() * span;
    }
  return tf.tensor2d(values, [count * pixels, channels]);
}

/** The pixels of the images `first`, ..., `first + count - 1`, each image's in an order of its own. */
export function drawPermuted(images: tf.Tensor, first: number, run: Run, layout: Layout, rng: Rng): tf.Tensor2D {
  const { count, pixels, channels } = run;
  const source = new Int32Array(count * pixels);
  const [imageStep, pixelStep] = steps(run, layout);
  for (let i = 0; i < count; i++) {
    const order = rng.permutation(pixels);
    for (let p = 0; p < pixels; p++) source[i * imageStep + p * pixelStep] = (first + i) * pixels + order[p]!;
  }
  // gatherND and not gather: it copies whole pixels, which on wasm is ten times as fast.
  return tf.tidy(() => {
    const index = tf.tensor2d(source, [source.length, 1], 'int32');
    return tf.reshape(tf.gatherND(tf.reshape(images, [-1, channels]), index), [-1, channels]);
  });
}

function steps({ count, pixels }: Run, layout: Layout): [imageStep: number, pixelStep: number] {
  return layout === 'images' ? [pixels, 1] : [1, count];
}
