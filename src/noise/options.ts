import type * as tf from '@tensorflow/tfjs-core';
import type { Bounds } from '../core/bounds';
import { type KeysOf, refuse, show } from '../core/check';
import { checkRank } from '../core/checkTensor';
import type { RandomOptions } from '../core/resolveRng';
import type { Rng } from '../core/rng';

/** The box that noise lives in. */
export interface BoundsOptions {
  /**
   * Lowest and highest value of every coordinate, in input units, or of vectors `{ low, high }` with a number for each feature: such
   * noise is made in widths of each, from 0 to 1. Bounds that float32 cannot hold are rounded into the
   * box, so results lie inside it exactly.
   * @defaultValue [0, 1]
   */
  readonly bounds?: Bounds;
}

/** Options of a function that draws noise: its random numbers and its box. */
export interface NoiseOptions extends RandomOptions, BoundsOptions {}

/** Options of `paperNoise`. */
export interface PaperNoiseOptions extends NoiseOptions {
  /**
   * Share of the batch that is made of permuted pixels, in [0, 1]; the rest is uniform. The first
   * `Math.round(permutedFraction * B)` rows are made from the images in the same rows.
   * @defaultValue 0.5
   */
  readonly permutedFraction?: number;
  /**
   * Range [low, high] of the low-pass's standard deviation, in pixels; drawn uniformly from it.
   * @defaultValue [1, 2.5]
   */
  readonly sigma?: readonly [number, number];
  /**
   * Whether each image has a standard deviation of its own (the text of the paper) or one is drawn for the whole batch
   * (its released experiments).
   * @defaultValue 'image'
   */
  readonly sigmaPer?: 'image' | 'batch';
  /**
   * Whether `[B, H, W, C]` and `[B, H, W]` are images. With `false`, for example of sequences, each value counts for itself as in
   * a vector.
   * @defaultValue true
   */
  readonly image?: boolean;
}

export const BOUNDS_KEYS: KeysOf<BoundsOptions> = { bounds: true };
export const NOISE_KEYS: KeysOf<NoiseOptions> = { ...BOUNDS_KEYS, seed: true, rng: true };

/** A non-empty numeric batch of images `[B, H, W, C]` or `[B, H, W]` or, where `ranks` has 2, of vectors `[B, D]`; values are not read. */
export function checkImages(fn: string, images: unknown, ranks: readonly number[]): asserts images is tf.Tensor {
  const where = { fn, argument: 'images' };
  checkRank(where, images, ranks);
  if (images.dtype !== 'float32' && images.dtype !== 'int32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 or int32 tensor', images.dtype, 'Cast it with tf.cast first.');
  if (images.size === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one value', show(images.shape), 'Pass a batch with one row or more.');
}

/**
 * Draws a batch of out-distribution noise of the same shape as `images`, and possibly made from them.
 *
 * Trainers and evaluations take one; {@link paperNoise} is the default and {@link paperSampler} makes others. A sampler
 * draws all its random numbers from `rng`, keeps to the value range of the images, and leaves `images` alone; the caller
 * owns the result.
 */
export type NoiseSampler = (images: tf.Tensor, rng: Rng) => tf.Tensor;
