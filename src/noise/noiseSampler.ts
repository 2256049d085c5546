import type * as tf from '@tensorflow/tfjs-core';
import type { Rng } from '../core/rng';

/**
 * Draws a batch of out-distribution noise of the same shape as `images`, and possibly made from them.
 *
 * Trainers and evaluations take one; {@link paperNoise} is the default and {@link paperSampler} makes others. A sampler
 * draws all its random numbers from `rng`, keeps to the value range of the images, and leaves `images` alone; the caller
 * owns the result.
 */
export type NoiseSampler = (images: tf.Tensor, rng: Rng) => tf.Tensor;
