import * as tf from '@tensorflow/tfjs-core';
import { checkFraction, checkOneOf, refuse, show } from '../core/check';
import { type Box, float32Box } from '../core/float32Box';
import type { Rng } from '../core/rng';
import { drawPermuted, drawUniform } from './draws';
import { lowPass } from './lowPass';
import type { PaperNoiseOptions } from './options';
import { chunks, toImages } from './pixelRows';
import { stretch } from './stretch';

/** The checked options of the paper's noise. */
export interface Mixture {
  readonly permutedFraction: number;
  readonly sigma: readonly [number, number];
  readonly sigmaPer: 'image' | 'batch';
  readonly box: Box;
}

/** Checks the options of the paper's noise and fills in their defaults. */
export function resolveMixture(fn: string, options: Omit<PaperNoiseOptions, 'seed' | 'rng'>): Mixture {
  const { permutedFraction = 0.5, sigma = [1, 2.5], sigmaPer = 'image', bounds } = options;
  checkFraction({ fn, argument: 'permutedFraction' }, permutedFraction);
  checkSigmaRange(fn, sigma);
  checkOneOf({ fn, argument: 'sigmaPer' }, sigmaPer, ['image', 'batch']);
  return { permutedFraction, sigma, sigmaPer, box: float32Box(fn, bounds) };
}

/** Draws the paper's noise for a batch of checked images `[B, H, W, C]` or vectors `[B, D]`. */
export function drawMixture(images: tf.Tensor, rng: Rng, mixture: Mixture): tf.Tensor {
  return tf.tidy(() => {
    const source = tf.cast(images, 'float32');
    return images.rank === 4 ? drawImages(source, rng, mixture) : drawVectors(source, rng, mixture);
  });
}

function drawImages(images: tf.Tensor, rng: Rng, { permutedFraction, sigma, sigmaPer, box }: Mixture): tf.Tensor {
  const [count, height, width, channels] = images.shape as [number, number, number, number];
  const size = { height, width, channels };
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

function drawVectors(vectors: tf.Tensor, rng: Rng, { permutedFraction, box }: Mixture): tf.Tensor {
  const [count, pixels] = vectors.shape as [number, number];
  const permuted = Math.round(permutedFraction * count);
  const run = (rows: number) => ({ count: rows, pixels, channels: 1 });
  const parts: tf.Tensor[] = [];
  if (permuted > 0) parts.push(drawPermuted(vectors, 0, run(permuted), 'images', rng));
  if (permuted < count) parts.push(drawUniform(run(count - permuted), 'images', rng, box));
  return tf.clipByValue(tf.reshape(tf.concat(parts), vectors.shape), ...box);
}

function checkSigmaRange(fn: string, sigma: readonly [number, number]): void {
  const [low, high] = Array.isArray(sigma) && sigma.length === 2 ? sigma : [Number.NaN, Number.NaN];
  if (!(low > 0 && low <= high && Number.isFinite(high)))
    refuse(
      { fn, argument: 'sigma' },
      'INVALID_OPTION',
      'two finite numbers [low, high] with 0 < low <= high',
      show(sigma),
      'Pass for example `sigma: [1, 2.5]`.',
    );
}
