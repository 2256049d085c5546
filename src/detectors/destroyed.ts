import * as tf from '@tensorflow/tfjs-core';
import { argMax } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { imageSize } from '../core/imageSize';
import type { Rng } from '../core/rng';
import type { FeatureRows } from './features';

/** Images as numbers: row-major `[count, ...inputShape]`. */
export interface ImageValues {
  readonly values: Float32Array;
  readonly count: number;
  readonly inputShape: readonly number[];
}

/** The same number of images that show nothing, of the values of others. */
type Destroy = (images: ImageValues, classes: ArrayLike<number>, rng: Rng) => Float32Array;

/** Squares on each side of an image whose pieces are moved or painted over. */
const GRID = 4;
/** Points on each side that are left of a blurred image. */
const BLURRED = 6;

/** Each image and one of another class, half and half. */
const mixed: Destroy = ({ values, count }, classes, rng) => {
  const size = values.length / count;
  const result = new Float32Array(values.length);
  for (let i = 0; i < count; i++) {
    const others = Array.from({ length: count }, (_, j) => j).filter((j) => classes[j] !== classes[i]);
    const other = others.length > 0 ? others[rng.integer(others.length)]! : rng.integer(count);
    for (let j = 0; j < size; j++) result[i * size + j] = (values[i * size + j]! + values[other * size + j]!) / 2;
  }
  return result;
};

/**
 * Ways to make images of no class out of images: what stands in for out-of-distribution data where there are none. All values come
 * from the images themselves, so brightness and contrast give nothing away.
 */
const WAYS: Readonly<Record<string, Destroy>> = {
  'patches shuffled': (images, _, rng) =>
    eachPixel(images, () => {
      const order = rng.permutation(GRID * GRID);
      return (y, x, height, width) => {
        const [h, w] = [Math.floor(height / GRID), Math.floor(width / GRID)];
        const [row, column] = [Math.floor(y / h), Math.floor(x / w)];
        if (h === 0 || w === 0 || row >= GRID || column >= GRID) return [y, x];
        const from = order[row * GRID + column]!;
        return [(y % h) + h * Math.floor(from / GRID), (x % w) + w * (from % GRID)];
      };
    }),
  'blocks of colour': (images, _, rng) =>
    eachPixel(images, (height, width) => {
      const taken = Array.from({ length: GRID * GRID }, () => [rng.integer(height), rng.integer(width)] as const);
      return (y, x) => taken[Math.floor((y * GRID) / height) * GRID + Math.floor((x * GRID) / width)]!;
    }),
  'pixels shuffled': (images, _, rng) =>
    eachPixel(images, (height, width) => {
      const order = rng.permutation(height * width);
      return (y, x) => {
        const from = order[y * width + x]!;
        return [Math.floor(from / width), from % width];
      };
    }),
  blurred: (images) => blurred(images),
  'two classes mixed': mixed,
};

/** The same for vectors: every feature from another example, and mixtures. */
const OF_VECTORS: Readonly<Record<string, Destroy>> = {
  'features shuffled': ({ values, count }, _, rng) => {
    const size = values.length / count;
    return values.map((__, i) => values[rng.integer(count) * size + (i % size)]!);
  },
  'two classes mixed': mixed,
};

/** Every way to destroy images of this shape, by its name. */
export function waysToDestroy(inputShape: readonly number[], image: boolean): Readonly<Record<string, Destroy>> {
  return image && imageSize(inputShape) !== undefined ? WAYS : OF_VECTORS;
}

type Source = (y: number, x: number, height: number, width: number) => readonly [number, number];

/** Images in which each pixel is one of the same image; `begin` is called for each image. */
function eachPixel(
  { values, count, inputShape }: ImageValues,
  begin: (height: number, width: number) => Source,
): Float32Array {
  const { height, width, channels } = imageSize(inputShape)!;
  const result = new Float32Array(values.length);
  for (let i = 0; i < count; i++) {
    const from = begin(height, width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [fromY, fromX] = from(y, x, height, width);
        const [to, source] = [
          ((i * height + y) * width + x) * channels,
          ((i * height + fromY) * width + fromX) * channels,
        ];
        for (let c = 0; c < channels; c++) result[to + c] = values[source + c]!;
      }
  }
  return result;
}

/** Images of which only a few means are left, with lines in between. */
function blurred({ values, count, inputShape }: ImageValues): Float32Array {
  const { height, width, channels } = imageSize(inputShape)!;
  const [rows, columns] = [Math.min(BLURRED, height), Math.min(BLURRED, width)];
  const result = new Float32Array(values.length);
  for (let i = 0; i < count; i++) {
    const sums = new Float64Array(rows * columns * channels);
    const counts = new Float64Array(rows * columns);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
        counts[cell]! += 1;
        for (let c = 0; c < channels; c++)
          sums[cell * channels + c]! += values[((i * height + y) * width + x) * channels + c]!;
      }
    const mean = (row: number, column: number, c: number) => {
      const cell = row * columns + column;
      return sums[cell * channels + c]! / counts[cell]!;
    };
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [top, down] = between(((y + 0.5) * rows) / height - 0.5, rows);
        const [left, across] = between(((x + 0.5) * columns) / width - 0.5, columns);
        const [bottom, right] = [Math.min(top + 1, rows - 1), Math.min(left + 1, columns - 1)];
        for (let c = 0; c < channels; c++)
          result[((i * height + y) * width + x) * channels + c] =
            (1 - down) * ((1 - across) * mean(top, left, c) + across * mean(top, right, c)) +
            down * ((1 - across) * mean(bottom, left, c) + across * mean(bottom, right, c));
      }
  }
  return result;
}

/** The point below a place, and how far it is beyond it. */
function between(place: number, count: number): readonly [number, number] {
  const inside = Math.min(Math.max(place, 0), count - 1);
  return [Math.floor(inside), inside - Math.floor(inside)];
}

/** Rows of images that were destroyed in every way. */
export async function destroyedRows(
  { inputShape, image = true, classes }: Classifier,
  x: tf.Tensor,
  places: readonly number[],
  { logits }: FeatureRows,
  rng: Rng,
  read: (images: tf.Tensor) => Promise<readonly FeatureRows[]>,
): Promise<Record<string, readonly FeatureRows[]>> {
  const chosen = tf.tidy(() => tf.gather(x, tf.tensor1d([...places], 'int32')));
  const values = (await chosen.data().finally(() => chosen.dispose())) as Float32Array;
  const taken = places.map((place) => argMax(logits, place * classes, classes));
  const results: Record<string, readonly FeatureRows[]> = {};
  for (const [name, destroy] of Object.entries(waysToDestroy(inputShape, image))) {
    const destroyed = destroy({ values, count: places.length, inputShape }, taken, rng.fork(name));
    const made = tf.tensor(destroyed, [places.length, ...inputShape]);
    results[name] = await read(made).finally(() => made.dispose());
  }
  return results;
}
