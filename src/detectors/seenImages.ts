import type * as tf from '@tensorflow/tfjs-core';
import { checkTensor } from '../core/checkTensor';

/** What images have in common, to tell values that were prepared otherwise. */
export interface SeenImages {
  /** The least and the greatest of the lowest values of the images. */
  readonly darkest: readonly [number, number];
  /** The least and the greatest of their highest values. */
  readonly brightest: readonly [number, number];
  /** The least standard deviation of the values of an image. */
  readonly contrast: number;
}

/**
 * What the training images have in common: with it {@link withUnknown} can say that an image was prepared otherwise, or is blank.
 *
 * @param x - Images `[n, ...inputShape]` as the model takes them; stays the caller's.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `x` is not a tensor.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { seenImages } from 'relu-overconfidence/detectors';
 *
 * const { darkest, brightest, contrast } = await seenImages(tf.tensor2d([[0, 1], [0.5, 0.5]]));
 * console.log(darkest, brightest, contrast); // [ 0, 0.5 ] [ 0.5, 1 ] 0
 * ```
 */
export async function seenImages(x: tf.Tensor): Promise<SeenImages> {
  checkTensor({ fn: 'seenImages', argument: 'x' }, x);
  return seenIn(rangesOf(await x.data(), x.shape[0]!));
}

/** The values of one image in short. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly deviation: number;
}

/** The values of each of `count` images in short. */
export function rangesOf(values: ArrayLike<number>, count: number): Range[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => {
    let [low, high, sum, squares] = [Infinity, -Infinity, 0, 0];
    for (let j = i * size; j < (i + 1) * size; j++) {
      const value = values[j]!;
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
      squares += value * value;
    }
    return { low, high, deviation: Math.sqrt(Math.max(0, squares / size - (sum / size) ** 2)) };
  });
}

function seenIn(ranges: readonly Range[]): SeenImages {
  const ends = (pick: (range: Range) => number): [number, number] => [
    ranges.reduce((least, range) => Math.min(least, pick(range)), Infinity),
    ranges.reduce((most, range) => Math.max(most, pick(range)), -Infinity),
  ];
  return {
    darkest: ends(({ low }) => low),
    brightest: ends(({ high }) => high),
    contrast: ends(({ deviation }) => deviation)[0],
  };
}

/** What is wrong with the values of an image, in words, and whether that alone makes it unknown. */
export interface Fault {
  readonly reason: string;
  readonly certain: boolean;
}

/** Values outside the box by no more than this share of its width are rounding. */
const SLACK = 1e-3;
/** An image is nearly of one colour below this share of the width, and of the least contrast seen. */
const [FLAT, LEAST] = [0.05, 0.5];
/** Values are scaled otherwise if an end lies beyond all ends seen by more than this share of the width. */
const SHIFT = 0.1;

/** What is wrong with an image in a box where training images looked as was seen. */
export function faultOf(range: Range, seen: SeenImages, box: readonly [number, number]): Fault | undefined {
  const low = Math.min(box[0], seen.darkest[0]);
  const high = Math.max(box[1], seen.brightest[1]);
  const width = high - low;
  const from = `its values go from ${short(range.low)} to ${short(range.high)}`;
  if (range.low < low - SLACK * width || range.high > high + SLACK * width)
    return {
      reason: `the preprocessing looks wrong: ${from}, and the model takes ${short(low)} to ${short(high)}`,
      certain: true,
    };
  if (range.deviation < FLAT * width && range.deviation < LEAST * seen.contrast)
    return { reason: 'it is nearly of one colour', certain: true };
  if (range.low > seen.darkest[1] + SHIFT * width || range.high < seen.brightest[0] - SHIFT * width)
    return {
      reason: `the preprocessing may be wrong: ${from}, where training images begin at ${short(seen.darkest[1])} or below and end at ${short(seen.brightest[0])} or above`,
      certain: false,
    };
  return undefined;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
