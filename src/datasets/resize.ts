import { checkKeys, checkOneOf, checkWhole, type Where } from '../core/check';
import { checkImageSet, type ImageSet } from './imageSet';

/** How {@link resize} is to work. */
export interface ResizeOptions {
  /** New height in pixels. */
  readonly height: number;
  /** New width in pixels. */
  readonly width: number;
  /** How a new pixel is made from the old ones, see {@link resize}. @defaultValue 'bilinear' */
  readonly method?: 'bilinear' | 'area';
}

/** For every new pixel of an axis: the first old pixel it reads, and the weight of that one and of those after it. */
type Taps = readonly { readonly first: number; readonly weights: readonly number[] }[];

/**
 * Changes the height and width of images, first along rows, then along columns, rounded to whole brightnesses once at
 * the end.
 *
 * With scale = old size / new size, new pixel i is a mean of the old pixels j, weighted by
 * - `'bilinear'`: max(0, 1 - |j + 1/2 - (i + 1/2) scale| / max(1, scale)), scaled to sum 1. Between pixels this is linear
 *   interpolation with pixel centres at halves; where an image shrinks, the triangle widens and so nothing is skipped. It
 *   is the convention of Pillow, with which the paper's experiments shrink CIFAR-10 to 28x28 pixels.
 * - `'area'`: the share of [i scale, (i + 1) scale] that old pixel j covers.
 *
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not an image set; `INVALID_OPTION` if a size is not a whole
 * number > 0 or `method` is another word.
 *
 * @example
 * ```ts
 * import { resize } from 'relu-overconfidence/datasets';
 *
 * const { pixels } = resize({ shape: [1, 1, 4, 1], pixels: new Uint8Array([0, 10, 20, 30]) }, { height: 1, width: 2, method: 'area' });
 * console.log(pixels); // Uint8Array [5, 25]
 * ```
 */
export function resize(images: ImageSet, options: ResizeOptions): ImageSet {
  const where = (argument: string): Where => ({ fn: 'resize', argument });
  checkImageSet(where('images'), images);
  checkKeys(where('options'), options, { height: true, width: true, method: true });
  const { height, width, method = 'bilinear' } = options;
  checkWhole(where('height'), height);
  checkWhole(where('width'), width);
  checkOneOf(where('method'), method, ['bilinear', 'area']);
  const [count, oldHeight, oldWidth, channels] = images.shape;
  const taps = method === 'area' ? areaTaps : bilinearTaps;
  const across = taps(oldWidth, width);
  const down = taps(oldHeight, height);
  const pixels = new Uint8Array(count * height * width * channels);
  const oldSize = oldHeight * oldWidth * channels;
  for (let i = 0; i < count; i++) {
    const image = images.pixels.subarray(i * oldSize, (i + 1) * oldSize);
    const narrow = weigh(image, oldHeight, across, oldWidth, channels);
    const low = weigh(narrow, 1, down, oldHeight, width * channels);
    pixels.set(low.map(Math.round), i * low.length);
  }
  return { ...images, shape: [count, height, width, channels], pixels };
}

/** Weighs along the middle axis of numbers `[outer, size, inner]`. */
function weigh(
  numbers: Float64Array | Uint8Array,
  outer: number,
  taps: Taps,
  size: number,
  inner: number,
): Float64Array {
  const result = new Float64Array(outer * taps.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++)
    for (const { first, weights } of taps)
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * numbers[(o * size + first + k) * inner + c]!;
        result[at++] = sum;
      }
  return result;
}

function bilinearTaps(from: number, to: number): Taps {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return tapsOf(from, to, reach, (i, j) => Math.max(0, 1 - Math.abs(j + 0.5 - (i + 0.5) * scale) / reach));
}

function areaTaps(from: number, to: number): Taps {
  const scale = from / to;
  return tapsOf(from, to, scale / 2 + 1, (i, j) =>
    Math.max(0, Math.min(j + 1, (i + 1) * scale) - Math.max(j, i * scale)),
  );
}

/** Evaluates a weight within `reach` old pixels of each new pixel's centre, and scales each sum to 1. */
function tapsOf(from: number, to: number, reach: number, weight: (i: number, j: number) => number): Taps {
  return Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to;
    const first = Math.max(0, Math.floor(centre - reach));
    const last = Math.min(from - 1, Math.ceil(centre + reach));
    const weights = Array.from({ length: last - first + 1 }, (__, k) => weight(i, first + k));
    const sum = weights.reduce((a, b) => a + b);
    return { first, weights: weights.map((w) => w / sum) };
  });
}
