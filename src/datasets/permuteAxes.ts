import { checkImageSet, type ImageSet } from './imageSet';
import type { NumberData } from './numericArray';

/**
 * Row-major numbers with their axes in another order: axis i of the result is axis `order[i]` of the input. The result is
 * a copy.
 */
export function permuteAxes<T extends NumberData>(numbers: T, shape: readonly number[], order: readonly number[]): T {
  const result = numbers.slice() as T;
  // An empty array may have huge axes beside one of size 0.
  if (numbers.length === 0 || order.length === 0) return result;
  const stride = (axis: number) => shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map(stride);
  let at = 0;
  const walk = (axis: number, from: number): void => {
    const size = sizes[axis]!;
    const step = steps[axis]!;
    if (axis < sizes.length - 1) for (let i = 0; i < size; i++) walk(axis + 1, from + i * step);
    else for (let i = 0; i < size; i++) result[at++] = numbers[from + i * step]!;
  };
  walk(0, 0);
  return result;
}

/**
 * Exchanges rows and columns of every image, which turns EMNIST upright: its files hold each image column by column.
 * `loadDataset` does it for EMNIST by itself.
 *
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not an image set.
 *
 * @example
 * ```ts
 * import { transposeImages } from 'relu-overconfidence/datasets';
 *
 * const { pixels } = transposeImages({ shape: [1, 2, 2, 1], pixels: new Uint8Array([1, 2, 3, 4]) });
 * console.log(pixels); // Uint8Array [1, 3, 2, 4]
 * ```
 */
export function transposeImages(images: ImageSet): ImageSet {
  checkImageSet({ fn: 'transposeImages', argument: 'images' }, images);
  const [count, height, width, channels] = images.shape;
  const pixels = permuteAxes(images.pixels, images.shape, [0, 2, 1, 3]);
  return { ...images, shape: [count, width, height, channels], pixels };
}
