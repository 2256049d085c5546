import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';
import type { Rng } from '../core/rng';
import type { NoiseSampler } from '../noise/noiseSampler';
import { checkMade } from './checkImageSet';
import { drawRows } from './drawRows';

/** Makes the noise images `start`, ..., `start + size - 1`; runs in a tidy. */
export type NoiseDraw = (start: number, size: number) => tf.Tensor;

/** Noise made from the in-distribution images `x`, checked as it comes; `argument` names the sampler's option. */
export function noiseDraw(
  argument: string,
  sampler: NoiseSampler,
  net: Classifier,
  x: tf.Tensor,
  samples: number,
  rng: Rng,
): NoiseDraw {
  const rows = drawRows(rng.fork('images'), samples, x.shape[0]!);
  const values = rng.fork('values');
  return (start, size) => {
    const noise = sampler(tf.gather(x, rows.subarray(start, start + size)), values.fork(start));
    checkMade({ fn: 'evaluateOod', argument }, noise, net, Math.min(size, samples - start));
    return noise;
  };
}
