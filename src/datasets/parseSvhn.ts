import { refuse, type Where } from '../core/check';
import { checkBytes } from './checkBytes';
import type { ImageSet } from './imageSet';
import { readMatFile } from './matFile';
import { permuteAxes } from './permuteAxes';

const WHERE: Where = { fn: 'parseSvhn', argument: 'bytes' };
const SIDE = 32;
/** Images lie column-major in [row, column, channel, image]: read backwards, row-major in [image, channel, column, row]. */
const TO_ROWS = [0, 3, 2, 1];

/**
 * Reads the cropped Street View House Numbers, `train_32x32.mat`, `test_32x32.mat` or `extra_32x32.mat`: a MATLAB 5 file with
 * the arrays `X` (32 x 32 x 3 x N bytes) and `y` (N labels 1, ..., 10).
 *
 * The label of the digit 0 is 10 in the file and becomes 0. Compressed parts are inflated by the platform
 * (`DecompressionStream`), no further than they claim. Runs in browsers too.
 *
 * @param bytes - The whole file.
 * @returns Images `[N, 32, 32, 3]` with their labels.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `bytes` is no Uint8Array; `INVALID_DATA`, naming the array, if the file
 * is truncated, damaged, of another format, or its images and labels are not a pair.
 *
 * @example
 * ```ts no-run
 * import { readFile } from 'node:fs/promises';
 * import { parseSvhn } from 'relu-overconfidence/datasets';
 *
 * const { shape, labels } = await parseSvhn(await readFile('test_32x32.mat'));
 * console.log(shape, labels?.length); // [26032, 32, 32, 3] 26032
 * ```
 */
export async function parseSvhn(bytes: Uint8Array): Promise<ImageSet> {
  checkBytes(WHERE, bytes);
  const arrays = await readMatFile(WHERE, bytes);
  const images = arrays.get('X');
  const [height, width, channels, count = 1, ...more] = images?.shape ?? [];
  const pixels = images?.data;
  if (!(pixels instanceof Uint8Array) || height !== SIDE || width !== SIDE || channels !== 3 || more.length > 0)
    refuseArray('X', `bytes of shape [${SIDE}, ${SIDE}, 3, N]`, describe(images));
  const classes = arrays.get('y');
  if (classes?.data.length !== count) refuseArray('y', `${count} labels, one for each image`, describe(classes));
  const bad = classes.data.find((label) => !Number.isInteger(label) || label < 1 || label > 10);
  if (bad !== undefined) refuseArray('y', 'labels 1, ..., 10', `${bad}`);
  return {
    shape: [count, SIDE, SIDE, 3],
    pixels: permuteAxes(pixels, [count, 3, SIDE, SIDE], TO_ROWS),
    labels: Int32Array.from(classes.data, (label) => label % 10),
  };
}

function describe(array: { readonly shape: readonly number[] } | undefined): string {
  return array === undefined ? 'none' : `shape [${array.shape.join(', ')}]`;
}

function refuseArray(name: string, expected: string, got: string): never {
  const fix = 'Pass a cropped file (format 2 of the data set), downloaded whole.';
  refuse(WHERE, 'INVALID_DATA', `a file whose array "${name}" holds ${expected}`, got, fix);
}
