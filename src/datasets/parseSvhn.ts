import { refuse, type Where } from '../core/check';
import { inflate } from '../core/inflate';
import { type ByteReader, byteReader, checkBytes } from './byteReader';
import type { ImageSet } from './imageSet';
import { bytesPer, type NumberData, type NumberType, readNumbers } from './numericArray';
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
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `bytes` is not a Uint8Array; `INVALID_DATA`, naming the array, if the file
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

/** A numeric array of a MATLAB file. */
interface MatArray {
  readonly shape: readonly number[];
  /** The numbers as they are stored, column-major: the first axis runs fastest. */
  readonly data: NumberData;
}

const HEADER = 128;
const MATRIX = 14;
const COMPRESSED = 15;
/** Array classes that hold numbers: from double to uint64. */
const NUMERIC_CLASSES = { first: 6, last: 15 };
const STORED_AS: Readonly<Record<number, NumberType>> = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
  12: 'int64',
  13: 'uint64',
};

/**
 * The numeric arrays of a little-endian MATLAB 5 file by their names; cells, structures and text are passed over. Format:
 * "MAT-File Format", The MathWorks.
 */
async function readMatFile(where: Where, file: Uint8Array): Promise<ReadonlyMap<string, MatArray>> {
  if (file.length < HEADER || file[125] !== 1 || file[126] !== 0x49 || file[127] !== 0x4d)
    refuse(
      where,
      'INVALID_DATA',
      'a little-endian MATLAB 5 file',
      `${file.length} bytes that do not begin like one`,
      "Save it with MATLAB's `-v7` or SciPy's savemat.",
    );
  const arrays = new Map<string, MatArray>();
  const reader = byteReader(where, file.subarray(HEADER));
  while (reader.left() > 0) {
    const type = reader.uint32();
    const content = reader.take(reader.uint32());
    const matrix = type === COMPRESSED ? await inflateMatrix(where, content) : type === MATRIX ? content : undefined;
    if (matrix === undefined)
      refuse(where, 'INVALID_DATA', 'a file of arrays', `an element of type ${type}`, 'Download the file again.');
    const named = readMatrix(where, byteReader(where, matrix));
    if (named !== undefined) arrays.set(named.name, named.array);
  }
  return arrays;
}

/** Inflates one array; it begins with its type and size, and nothing may follow it. */
async function inflateMatrix(where: Where, bytes: Uint8Array): Promise<Uint8Array> {
  const claim = (start: Uint8Array) =>
    start.length < 8 ? undefined : 8 + byteReader(where, start.subarray(4)).uint32();
  const reader = byteReader(where, await inflate(where, bytes, 'deflate', claim));
  const type = reader.uint32();
  if (type !== MATRIX)
    refuse(
      where,
      'INVALID_DATA',
      'a file of arrays',
      `a compressed element of type ${type}`,
      'Download the file again.',
    );
  return reader.take(reader.uint32());
}

/** Flags, sizes, name and numbers of an array; `undefined` if it holds no real numbers. */
function readMatrix(where: Where, reader: ByteReader): { name: string; array: MatArray } | undefined {
  const flags = readPart(where, reader).data;
  const kind = (flags[0] ?? 0) & 255;
  if (kind < NUMERIC_CLASSES.first || kind > NUMERIC_CLASSES.last) return undefined;
  const shape = [...readPart(where, reader).data];
  const name = new TextDecoder().decode(Uint8Array.from(readPart(where, reader).data));
  const { data } = readPart(where, reader);
  if (shape.reduce((product, size) => product * size, 1) !== data.length)
    refuse(
      where,
      'INVALID_DATA',
      `as many numbers in array "${name}" as its shape [${shape.join(', ')}] says`,
      `${data.length}`,
      'The file was cut or changed; download it again.',
    );
  return { name, array: { shape, data } };
}

/** One part of an array, padded to 8 bytes; up to 4 bytes of data stand within the tag itself. */
function readPart(where: Where, reader: ByteReader): { readonly data: NumberData } {
  const tag = reader.uint32();
  const small = tag >>> 16;
  const size = small > 0 ? small : reader.uint32();
  const type = STORED_AS[tag & 0xffff];
  if (type === undefined || size % bytesPer(type) !== 0 || (small > 0 && small > 4))
    refuse(where, 'INVALID_DATA', 'arrays of numbers', `${size} bytes of type ${tag & 0xffff}`, 'Download it again.');
  const bytes = reader.take(size);
  const room = small > 0 ? 4 : 8;
  reader.take(Math.min(reader.left(), (room - (size % room)) % room));
  return { data: readNumbers(where, type, bytes, true) };
}
