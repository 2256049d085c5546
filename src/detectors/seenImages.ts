import type * as tf from '@tensorflow/tfjs-core';
import { checkTensor } from '../core/checkTensor';

/** What images have in common, to tell values that were prepared otherwise. */
export interface SeenImages {
  /** The least and the greatest of the lowest values of the images. */
  readonly darkest: readonly [number, number];
  /** The least and the greatest of their highest values. */
  readonly brightest: readonly [number, number];
  /** The least standard deviation of the values of an image, each colour on its own. */
  readonly contrast: number;
  /** The least mean of second differences, `|v_(i-1) - 2 v_i + v_(i+1)|` along rows and columns; 0 for vectors. */
  readonly detail: number;
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
  return seenIn(rangesOf(await x.data(), x.shape));
}

/** The values of one image in short. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** The standard deviation within a colour. */
  readonly deviation: number;
  /** The mean of `|v_(i-1) - 2 v_i + v_(i+1)|` along rows and columns; 0 for vectors. */
  readonly detail: number;
}

/** The values of each example of a batch of this shape in short. */
export function rangesOf(values: ArrayLike<number>, [count = 0, ...shape]: readonly number[]): Range[] {
  const size = values.length / count;
  const image = shape.length > 1;
  const channels = shape.length > 2 ? shape[2]! : 1;
  return Array.from({ length: count }, (_, i) => {
    const start = i * size;
    let [low, high, variance] = [Infinity, -Infinity, 0];
    for (let c = 0; c < channels; c++) {
      let [sum, squares] = [0, 0];
      for (let j = c; j < size; j += channels) {
        const value = values[start + j]!;
        low = Math.min(low, value);
        high = Math.max(high, value);
        sum += value;
        squares += value * value;
      }
      const number = size / channels;
      variance += Math.max(0, squares / number - (sum / number) ** 2) / channels;
    }
    const detail = image ? detailOf(values, start, [shape[0]!, shape[1]! * channels, channels]) : 0;
    return { low, high, deviation: Math.sqrt(variance), detail };
  });
}

/** The mean of second differences of an image `[height, stride / channels, channels]` that begins at a place. */
function detailOf(
  values: ArrayLike<number>,
  start: number,
  [height, stride, channels]: [number, number, number],
): number {
  let [sum, number] = [0, 0];
  const add = (at: number, step: number) => {
    sum += Math.abs(values[at - step]! - 2 * values[at]! + values[at + step]!);
    number++;
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < stride; x++) {
      const at = start + y * stride + x;
      if (y > 0 && y < height - 1) add(at, stride);
      if (x >= channels && x < stride - channels) add(at, channels);
    }
  return number === 0 ? 0 : sum / number;
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
    detail: ends(({ detail }) => detail)[0],
  };
}

/** What is wrong with the values of an image, in words, and whether that alone makes it unknown. */
export interface Fault {
  readonly reason: string;
  readonly certain: boolean;
}

/** Values outside the box by no more than this share of its width are rounding. */
const SLACK = 1e-3;
/** An image is nearly of one colour below this share of the width, and of the least contrast seen; likewise it is smooth. */
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
  if (range.detail < LEAST * seen.detail) return { reason: 'it is smoother than any training image', certain: true };
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
