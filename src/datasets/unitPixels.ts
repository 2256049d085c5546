import { checkKeys, checkPositive } from '../core/check';
import { checkImageSet, type ImageSet } from './imageSet';

/** How {@link unitPixels} scales. */
export interface UnitPixelsOptions {
  /** Brightness that becomes 1. @defaultValue 255 */
  readonly brightest?: number;
}

/**
 * Scales pixels to the box [0, 1], in which the paper's networks take their inputs: pixel / brightest.
 *
 * @returns Numbers in the order of `images.pixels`, for `tf.tensor4d(unitPixels(images), [...images.shape])`.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not an image set; `INVALID_OPTION` if `brightest` is not a
 * finite number > 0.
 *
 * @example
 * ```ts
 * import { unitPixels } from 'relu-overconfidence/datasets';
 *
 * console.log(unitPixels({ shape: [1, 1, 2, 1], pixels: new Uint8Array([0, 255]) })); // Float32Array [0, 1]
 * ```
 */
export function unitPixels(images: ImageSet, options: UnitPixelsOptions = {}): Float32Array {
  checkImageSet({ fn: 'unitPixels', argument: 'images' }, images);
  checkKeys({ fn: 'unitPixels', argument: 'options' }, options, { brightest: true });
  const { brightest = 255 } = options;
  checkPositive({ fn: 'unitPixels', argument: 'brightest' }, brightest);
  return Float32Array.from(images.pixels, (value) => value / brightest);
}
