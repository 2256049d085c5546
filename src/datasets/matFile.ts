import { refuse, type Where } from '../core/check';
import { type ByteReader, byteReader } from './byteReader';
import { inflate } from './inflate';
import { bytesPer, type NumberData, type NumberType, readNumbers } from './numericArray';

/** A numeric array of a MATLAB file. */
export interface MatArray {
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
export async function readMatFile(where: Where, file: Uint8Array): Promise<ReadonlyMap<string, MatArray>> {
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
