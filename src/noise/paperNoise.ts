import type * as tf from '@tensorflow/tfjs-core';
import type { Bounds } from '../core/bounds';
import { checkKeys } from '../core/check';
import { checkInBounds } from '../core/checkTensor';
import { resolveRng } from '../core/resolveRng';
import type { Rng } from '../core/rng';
import { checkImages, type NoiseSampler, type PaperNoiseOptions } from './options';
import { drawMixture, PAPER_KEYS, paperSampler, resolveMixture } from './paperSampler';

/**
 * Draws noise from the paper's out-distribution p_out (arXiv 1812.05720, section 4): permuted pixels and uniform noise,
 * smoothed, at full contrast.
 *
 * 1. The first `Math.round(permutedFraction * B)` rows are the images of those rows with their pixels permuted
 *    ({@link permutePixels}); the other rows are uniform on the box ({@link uniformNoise}).
 * 2. Every row is smoothed ({@link gaussianLowPass}) with sigma uniform on `sigma`.
 * 3. Every row is stretched to the full contrast of the box ({@link stretchContrast}).
 *
 * Vectors `[B, D]`, and inputs that are said not to be images, have no neighbouring pixels: they get step 1 only.
 *
 * The same seed gives the same noise, with the same bits on the cpu and wasm backends. `paperNoise` is itself a
 * {@link NoiseSampler}: with an {@link Rng} in the second place it draws from that stream with the default options and,
 * made for loops over checked data, does not read the values of the images; {@link paperSampler} does so with options.
 *
 * @param images - `[B, H, W, C]`, `[B, H, W]` or `[B, D]`, finite and in `bounds`; left alone.
 * @param options - Options, or the stream to draw from.
 * @returns float32 of the same shape, in `bounds`; the caller owns it.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not a float32 or int32 tensor, `INVALID_SHAPE` for
 * another rank, `EMPTY_INPUT`, `NON_FINITE` or `OUT_OF_BOUNDS` for its values (not checked on webgpu), `INVALID_OPTION`
 * for an option out of range.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { paperNoise, uniformNoise } from 'relu-overconfidence';
 *
 * const images = uniformNoise([8, 28, 28, 1], { seed: 'stand-in for a batch of training images' });
 * const noise = paperNoise(images, { seed: 1 });
 * console.log(noise.shape); // [8, 28, 28, 1]
 * images.dispose();
 * noise.dispose();
 * ```
 */
export function paperNoise(images: tf.Tensor, options: PaperNoiseOptions | Rng = {}): tf.Tensor {
  if (isStream(options)) return paperSampler()(images, options);
  const fn = 'paperNoise';
  checkImages(fn, images, [2, 3, 4]);
  checkKeys({ fn, argument: 'options' }, options, PAPER_KEYS);
  const mixture = resolveMixture(fn, options);
  const rng = resolveRng(options);
  checkInBounds({ fn, argument: 'images' }, images, options.bounds ?? [0, 1]);
  return drawMixture(images, rng, mixture);
}

function isStream(options: PaperNoiseOptions | Rng): options is Rng {
  return typeof options === 'object' && options !== null && 'uniform' in options;
}

/** The sampler for the inputs of a classifier: `paperNoise` handed in as one cannot know them, so it is told. */
export function samplerFor(
  sampler: NoiseSampler,
  { bounds, image = true }: { readonly bounds: Bounds; readonly image?: boolean },
): NoiseSampler {
  return sampler === paperNoise ? paperSampler({ bounds, image }) : sampler;
}
