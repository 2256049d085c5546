import * as tf from '@tensorflow/tfjs-core';
import { type UnitBox, unitBox } from '../core/bounds';
import { checkFraction, checkKeys, checkOneOf, type KeysOf, refuse, show } from '../core/check';
import { type ImageSize, imageSize } from '../core/imageSize';
import { checkRng } from '../core/resolveRng';
import type { Rng } from '../core/rng';
import { drawPermuted, drawUniform } from './draws';
import { chunks, lowPass, toImages } from './lowPass';
import { checkImages, NOISE_KEYS, type NoiseSampler, type PaperNoiseOptions } from './options';
import { stretch } from './stretchContrast';

/** Options of {@link paperSampler}; its random numbers come from the stream that it is given. */
export type SamplerOptions = Omit<PaperNoiseOptions, 'seed' | 'rng'>;

const SAMPLER_KEYS: KeysOf<SamplerOptions> = {
  permutedFraction: true,
  sigma: true,
  sigmaPer: true,
  image: true,
  bounds: true,
};
/** Those of `paperNoise`. */
export const PAPER_KEYS: KeysOf<PaperNoiseOptions> = { ...SAMPLER_KEYS, ...NOISE_KEYS };

/**
 * Makes a {@link NoiseSampler} that draws {@link paperNoise} with the given options.
 *
 * The options are checked once, here. The sampler checks shapes but does not read the values of the images, so that
 * nothing waits for the device inside a training loop; they must be finite and in `bounds`.
 *
 * @param options - Those of {@link paperNoise}; the random numbers come from the stream that the sampler is given.
 * @returns The sampler. It throws what {@link paperNoise} throws for the type and shape of the images.
 * @throws OverconfidenceError `INVALID_OPTION` for an option out of range.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { createRng, paperSampler, uniformNoise } from 'relu-overconfidence';
 *
 * const sampler = paperSampler({ permutedFraction: 1, sigmaPer: 'batch' });
 * const images = uniformNoise([8, 28, 28, 1], { seed: 'stand-in for a batch of training images' });
 * const noise = sampler(images, createRng(1));
 * images.dispose();
 * noise.dispose();
 * ```
 */
export function paperSampler(options: SamplerOptions = {}): NoiseSampler {
  checkKeys({ fn: 'paperSampler', argument: 'options' }, options, SAMPLER_KEYS);
  const mixture = resolveMixture('paperSampler', options);
  return (images, rng) => {
    checkImages('paperNoise', images, [2, 3, 4]);
    checkRng('paperNoise', rng);
    return drawMixture(images, rng, mixture);
  };
}

/** The checked options of the paper's noise. */
export interface Mixture {
  readonly permutedFraction: number;
  readonly sigma: readonly [number, number];
  readonly sigmaPer: 'image' | 'batch';
  readonly image: boolean;
  readonly unit: UnitBox;
}

/** Checks the options of the paper's noise and fills in their defaults. */
export function resolveMixture(fn: string, options: SamplerOptions): Mixture {
  const { permutedFraction = 0.5, sigma = [1, 2.5], sigmaPer = 'image', image = true, bounds } = options;
  checkFraction({ fn, argument: 'permutedFraction' }, permutedFraction);
  checkSigmaRange(fn, sigma);
  checkOneOf({ fn, argument: 'sigmaPer' }, sigmaPer, ['image', 'batch']);
  if (typeof image !== 'boolean')
    refuse({ fn, argument: 'image' }, 'INVALID_OPTION', 'true or false', show(image), 'Pass false for sequences.');
  return { permutedFraction, sigma, sigmaPer, image, unit: unitBox(fn, bounds) };
}

/** Draws the paper's noise for a batch of checked images or vectors. */
export function drawMixture(images: tf.Tensor, rng: Rng, mixture: Mixture): tf.Tensor {
  return tf.tidy(() => {
    const source = mixture.unit.into(tf.cast(images, 'float32'));
    const size = mixture.image ? imageSize(images.shape.slice(1)) : undefined;
    const drawn = size === undefined ? drawVectors(source, rng, mixture) : drawImages(source, size, rng, mixture);
    return mixture.unit.outOf(tf.reshape(drawn, images.shape));
  });
}

function drawImages(
  images: tf.Tensor,
  size: ImageSize,
  rng: Rng,
  { permutedFraction, sigma, sigmaPer, unit: { box } }: Mixture,
): tf.Tensor {
  const count = images.shape[0]!;
  const { height, width, channels } = size;
  const permuted = Math.round(permutedFraction * count);
  const drawSigma = () => sigma[0] + rng.uniform() * (sigma[1] - sigma[0]);
  const shared = sigmaPer === 'batch' ? drawSigma() : undefined;
  const sigmas = Array.from({ length: count }, () => shared ?? drawSigma());
  const filter = lowPass(size);
  const finish = (draw: (from: number, to: number) => tf.Tensor2D, from: number, to: number) =>
    chunks(from, to, size).map(([start, end]) =>
      tf.tidy(() => {
        const rows = tf.reshape(draw(start, end), [height * width, -1]) as tf.Tensor2D;
        return stretch(toImages(filter(rows, sigmas.slice(start, end)), size), box);
      }),
    );
  const run = (from: number, to: number) => ({ count: to - from, pixels: height * width, channels });
  return tf.concat([
    ...finish((from, to) => drawPermuted(images, from, run(from, to), 'pixelRows', rng), 0, permuted),
    ...finish((from, to) => drawUniform(run(from, to), 'pixelRows', rng, box), permuted, count),
  ]);
}

function drawVectors(vectors: tf.Tensor, rng: Rng, { permutedFraction, unit: { box } }: Mixture): tf.Tensor {
  const count = vectors.shape[0]!;
  const pixels = vectors.size / count;
  const permuted = Math.round(permutedFraction * count);
  const run = (rows: number) => ({ count: rows, pixels, channels: 1 });
  const parts: tf.Tensor[] = [];
  if (permuted > 0) parts.push(drawPermuted(vectors, 0, run(permuted), 'images', rng));
  if (permuted < count) parts.push(drawUniform(run(count - permuted), 'images', rng, box));
  return tf.clipByValue(tf.concat(parts), ...box);
}

function checkSigmaRange(fn: string, sigma: readonly [number, number]): void {
  const isPair = Array.isArray(sigma) && sigma.length === 2;
  if (!(isPair && sigma[0] > 0 && sigma[0] <= sigma[1] && Number.isFinite(sigma[1])))
    refuse(
      { fn, argument: 'sigma' },
      'INVALID_OPTION',
      'two finite numbers [low, high] with 0 < low <= high',
      show(sigma),
      'Pass for example `sigma: [1, 2.5]`.',
    );
}
