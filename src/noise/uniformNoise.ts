import * as tf from '@tensorflow/tfjs-core';
import { unitBox } from '../core/bounds';
import { checkKeys, refuse, show } from '../core/check';
import { resolveRng } from '../core/resolveRng';
import { drawUniform } from './draws';
import { NOISE_KEYS, type NoiseOptions } from './options';

/**
 * Uniform noise: every coordinate drawn independently from the uniform distribution on the box.
 *
 * The numbers are multiples of 2^-24 of the box, drawn in row-major order by the library's own generator: the same seed
 * gives the same tensor on every backend.
 *
 * @param shape - Sizes of the result, for example `[B, H, W, C]` or `[B, D]`; at least one, each at least 1.
 * @param options - Seed or stream, and the box.
 * @returns float32 of the given shape, in `bounds`; the caller owns it.
 * @throws OverconfidenceError `INVALID_SHAPE` if `shape` is not a non-empty list of whole numbers >= 1,
 * `INVALID_OPTION` if `bounds` is not an interval that float32 can hold, or for an unusable `seed`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 *
 * const noise = uniformNoise([16, 28, 28, 1], { seed: 1 });
 * console.log(noise.shape); // [16, 28, 28, 1]
 * noise.dispose();
 * ```
 */
export function uniformNoise(shape: readonly number[], options: NoiseOptions = {}): tf.Tensor {
  const fn = 'uniformNoise';
  checkShape(fn, shape);
  checkKeys({ fn, argument: 'options' }, options, NOISE_KEYS);
  const { box, outOf } = unitBox(fn, options.bounds);
  const count = shape.reduce((product, size) => product * size, 1);
  const rng = resolveRng(options);
  return tf.tidy(() =>
    outOf(tf.reshape(drawUniform({ count: 1, pixels: 1, channels: count }, 'images', rng, box), [...shape])),
  );
}

function checkShape(fn: string, shape: readonly number[]): void {
  const where = { fn, argument: 'shape' };
  if (!Array.isArray(shape) || shape.length === 0 || !shape.every((size) => Number.isInteger(size) && size >= 1))
    refuse(where, 'INVALID_SHAPE', 'a list of whole numbers >= 1', show(shape), 'Pass for example [16, 28, 28, 1].');
}
