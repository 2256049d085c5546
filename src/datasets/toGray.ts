import { checkKeys, refuse, show, type Where } from '../core/check';
import { checkImageSet, type ImageSet } from './imageSet';

/** How {@link toGray} mixes the colours. */
export interface ToGrayOptions {
  /**
   * Shares of red, green and blue, not negative and together 1. The paper's experiments take the plain mean; the luma of
   * ITU-R BT.601, which Pillow and TensorFlow use, is `[0.299, 0.587, 0.114]`.
   * @defaultValue [1 / 3, 1 / 3, 1 / 3]
   */
  readonly weights?: readonly [red: number, green: number, blue: number];
}

const MEAN = [1 / 3, 1 / 3, 1 / 3] as const;

/**
 * Turns colour images `[N, H, W, 3]` into gray ones `[N, H, W, 1]`: w_r R + w_g G + w_b B, rounded to a whole brightness.
 *
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `images` is not an image set of three channels; `INVALID_OPTION` if
 * `weights` are not three numbers >= 0 that sum to 1 (within 0.001).
 *
 * @example
 * ```ts
 * import { toGray } from 'relu-overconfidence/datasets';
 *
 * const { pixels } = toGray({ shape: [1, 1, 1, 3], pixels: new Uint8Array([30, 60, 90]) });
 * console.log(pixels); // Uint8Array [60]
 * ```
 */
export function toGray(images: ImageSet, options: ToGrayOptions = {}): ImageSet {
  const where: Where = { fn: 'toGray', argument: 'images' };
  checkImageSet(where, images);
  checkKeys({ ...where, argument: 'options' }, options, { weights: true });
  const { weights = MEAN } = options;
  const [count, height, width, channels] = images.shape;
  if (channels !== 3)
    refuse(where, 'INVALID_ARGUMENT', 'images of three channels', `${channels}`, 'Gray images need no conversion.');
  const sum = Array.isArray(weights) && weights.length === 3 ? weights.reduce((a, b) => a + b) : Number.NaN;
  if (!(Math.abs(sum - 1) <= 1e-3) || !weights.every((weight) => weight >= 0))
    refuse(
      { fn: 'toGray', argument: 'weights' },
      'INVALID_OPTION',
      'three numbers >= 0 with sum 1',
      show(weights),
      'Pass for example [0.299, 0.587, 0.114].',
    );
  const [red, green, blue] = weights;
  const { pixels } = images;
  const gray = new Uint8Array(count * height * width);
  for (let i = 0; i < gray.length; i++)
    gray[i] = Math.min(255, Math.round(red * pixels[3 * i]! + green * pixels[3 * i + 1]! + blue * pixels[3 * i + 2]!));
  return { ...images, shape: [count, height, width, 1], pixels: gray };
}
