import { checkKeys, type KeysOf, refuse, type Where } from '../core/check';
import type { ImageSet } from './imageSet';
import type { NumericArray } from './numericArray';

const KEYS: KeysOf<NumericArray> = { dtype: true, shape: true, data: true };

/**
 * Puts images and their labels, read from two files, together as one set and checks that they are a pair.
 *
 * @param images - Bytes `[N, H, W]` (gray) or `[N, H, W, C]`; `[N, 1, H, W]` and `[N, 3, H, W]`, channels first, are refused.
 * @param labels - N whole numbers >= 0 of any type, `[N]` or `[N, 1]`; may be left out.
 * @throws OverconfidenceError `INVALID_DATA` if the images are not bytes of that shape, the labels are not whole numbers
 * >= 0, or there are not as many labels as images.
 *
 * @example
 * ```ts
 * import { parseIdx, toImageSet } from 'relu-overconfidence/datasets';
 *
 * const images = await parseIdx(new Uint8Array([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 9, 8, 7, 6]));
 * const labels = await parseIdx(new Uint8Array([0, 0, 8, 1, 0, 0, 0, 1, 5]));
 * const { shape } = toImageSet(images, labels);
 * console.log(shape); // [1, 2, 2, 1]
 * ```
 */
export function toImageSet(images: NumericArray, labels?: NumericArray): ImageSet {
  const where = (argument: string): Where => ({ fn: 'toImageSet', argument });
  checkKeys(where('images'), images, KEYS);
  const [count, height, width, channels = 1, ...more] = images.shape;
  const { data: pixels } = images;
  if (
    !(pixels instanceof Uint8Array) ||
    count === undefined ||
    height === undefined ||
    width === undefined ||
    more.length > 0
  )
    refuse(
      where('images'),
      'INVALID_DATA',
      'bytes of shape [N, H, W] or [N, H, W, C]',
      `${images.dtype} of shape [${images.shape.join(', ')}]`,
      'Check that this is the file of images and not that of labels.',
    );
  if ((height === 1 || height === 3) && channels > 4)
    refuse(
      where('images'),
      'INVALID_DATA',
      'images with their channels last, [N, H, W, C]',
      `shape [${images.shape.join(', ')}], which has ${height === 1 ? 'one channel' : 'three channels'} first`,
      'Transpose them first, in NumPy with `np.transpose(x, (0, 2, 3, 1))`.',
    );
  const shape = [count, height, width, channels] as const;
  if (labels === undefined) return { shape, pixels };
  checkKeys(where('labels'), labels, KEYS);
  if (labels.shape[0] !== count || labels.shape.slice(1).some((size, axis) => axis > 0 || size !== 1))
    refuse(
      where('labels'),
      'INVALID_DATA',
      `one label for each of the ${count} images, shape [${count}] or [${count}, 1]`,
      `shape [${labels.shape.join(', ')}]`,
      'Check that both files belong to the same part of the same data set.',
    );
  const classes = Int32Array.from(labels.data);
  const bad = labels.data.findIndex((value, i) => value !== classes[i] || value < 0);
  if (bad >= 0)
    refuse(
      where('labels'),
      'INVALID_DATA',
      'whole numbers >= 0',
      `${labels.data[bad]} at place ${bad}`,
      'Check that this is the file of labels.',
    );
  return { shape, pixels, labels: classes };
}
