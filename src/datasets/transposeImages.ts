import { checkImageSet, type ImageSet } from './imageSet';
import { permuteAxes } from './permuteAxes';

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
