import * as tf from '@tensorflow/tfjs-core';
import { logOdds, type ModelLike } from 'relu-overconfidence';
import type { AlphaChunk } from './table2Markdown';

/** A grid of alphas, evenly spaced in their logarithm. */
interface Grid {
  readonly ratio: number;
  readonly to: number;
}

/** The alphas tried for 99.9 % confidence: an alpha found is at most 2 % too large, or a crossing between two was missed. */
const RAY: Grid = { ratio: 1.02, to: 1e6 };
/** Those tried for 95 % after clipping; at 10^4 nearly every pixel of uniform noise is white. */
const PATH: Grid = { ratio: 1.05, to: 1e4 };
const SURE = Math.log(0.999 / 0.001);
const OVERCONFIDENT = Math.log(0.95 / 0.05);

/**
 * Table 2 on a grid of alphas in float32, for networks with too many linear pieces to follow them all: a ray of the small
 * ResNet has some 100,000 pieces between alpha = 1 and 8. `onSettled` is called with the number of samples that are done.
 */
export async function searchAlphas(
  model: ModelLike,
  noise: tf.Tensor,
  onSettled: (count: number) => void,
): Promise<AlphaChunk> {
  const alphas = await firstReached(model, noise, RAY, SURE, (x, alpha) => tf.mul(x, alpha), onSettled);
  const atMinimal = await sureClipped(model, noise, alphas);
  const unsure = atMinimal.flatMap((sure, i) => (sure ? [] : [i]));
  const rest = unsure.length === 0 ? [] : await firstOnPath(model, noise, unsure);
  const sureAtMinimalAlpha = atMinimal.length - unsure.length;
  return { alphas, sureAtMinimalAlpha, sureOnRay: sureAtMinimalAlpha + rest.filter((alpha) => alpha !== null).length };
}

async function firstOnPath(model: ModelLike, noise: tf.Tensor, rows: readonly number[]): Promise<(number | null)[]> {
  const some = tf.gather(noise, tf.tensor1d([...rows], 'int32'));
  const found = await firstReached(model, some, PATH, OVERCONFIDENT, clipped);
  some.dispose();
  return found;
}

/** For every image the first alpha of the grid at which the log-odds of the predicted class reach the target. */
async function firstReached(
  model: ModelLike,
  images: tf.Tensor,
  { ratio, to }: Grid,
  target: number,
  scaled: (x: tf.Tensor, alpha: number) => tf.Tensor,
  onSettled?: (count: number) => void,
): Promise<(number | null)[]> {
  const found = Array<number | null>(images.shape[0]!).fill(null);
  let open = found.map((_, i) => i);
  for (let alpha = 1; alpha <= to && open.length > 0; alpha *= ratio) {
    const points = tf.tidy(() => scaled(tf.gather(images, tf.tensor1d(open, 'int32')), alpha));
    const odds = await logOdds(model, points);
    points.dispose();
    for (const [place, i] of open.entries()) if (odds[place]! >= target) found[i] = alpha;
    open = open.filter((i) => found[i] === null);
    onSettled?.(found.length - open.length);
  }
  return found;
}

/** Whether each image is above 95 % at clip(alpha x) for its own alpha; never where there is none. */
async function sureClipped(
  model: ModelLike,
  images: tf.Tensor,
  alphas: readonly (number | null)[],
): Promise<boolean[]> {
  const points = tf.tidy(() => {
    const factors = tf.tensor1d(alphas.map((alpha) => alpha ?? 0));
    return clipped(images, tf.reshape(factors, [-1, ...images.shape.slice(1).map(() => 1)]));
  });
  const odds = await logOdds(model, points);
  points.dispose();
  return alphas.map((alpha, i) => alpha !== null && odds[i]! >= OVERCONFIDENT);
}

function clipped(x: tf.Tensor, alpha: number | tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.clipByValue(tf.mul(x, alpha), 0, 1));
}
