import { refuse, show, type Where } from '../core/check';
import { gunzip, isGzip } from './gunzip';

/** The numbers of an IDX file. */
export interface IdxData {
  /** Type of the numbers as the file names it; the class of `data` follows from it. */
  readonly dtype: 'uint8' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64';
  /** Size of each axis, the first one being the number of examples. */
  readonly shape: readonly number[];
  /** The numbers, row-major; a copy that shares no memory with the bytes. */
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

interface Code {
  readonly dtype: IdxData['dtype'];
  readonly bytes: number;
  /** `size` numbers, big-endian, from the start of the view. */
  readonly read: (view: DataView, size: number) => IdxData['data'];
}

const CODES: Readonly<Record<number, Code>> = {
  8: { dtype: 'uint8', bytes: 1, read: (v, length) => Uint8Array.from({ length }, (_, i) => v.getUint8(i)) },
  9: { dtype: 'int8', bytes: 1, read: (v, length) => Int8Array.from({ length }, (_, i) => v.getInt8(i)) },
  11: { dtype: 'int16', bytes: 2, read: (v, length) => Int16Array.from({ length }, (_, i) => v.getInt16(2 * i)) },
  12: { dtype: 'int32', bytes: 4, read: (v, length) => Int32Array.from({ length }, (_, i) => v.getInt32(4 * i)) },
  13: { dtype: 'float32', bytes: 4, read: (v, length) => Float32Array.from({ length }, (_, i) => v.getFloat32(4 * i)) },
  14: { dtype: 'float64', bytes: 8, read: (v, length) => Float64Array.from({ length }, (_, i) => v.getFloat64(8 * i)) },
};

const WHERE: Where = { fn: 'parseIdx', argument: 'bytes' };

/**
 * Reads an IDX file, the format of MNIST, Fashion-MNIST and EMNIST, plain or gzipped.
 *
 * Every number type and any number of axes are read. Nothing is trusted: a file must hold exactly as many bytes as its
 * header says, and inflation stops where more come. Format: the end of http://yann.lecun.com/exdb/mnist/. Runs in
 * browsers too (`DecompressionStream`).
 *
 * @param bytes - The whole file; gzip is recognised by its first two bytes.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `bytes` is not a Uint8Array; `INVALID_DATA` if the file is
 * truncated, too long, damaged, or no IDX file.
 *
 * @example
 * ```ts
 * import { parseIdx } from 'relu-overconfidence/datasets';
 *
 * const labels = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]);
 * const { shape, data } = await parseIdx(labels);
 * console.log(shape, data); // [3] Uint8Array [7, 2, 1]
 * ```
 */
export async function parseIdx(bytes: Uint8Array): Promise<IdxData> {
  if (!(bytes instanceof Uint8Array))
    refuse(WHERE, 'INVALID_ARGUMENT', 'a Uint8Array', show(bytes), 'Wrap an ArrayBuffer: new Uint8Array(buffer).');
  const file = isGzip(bytes) ? await gunzip(WHERE, bytes, (start) => readHeader(start)?.fileSize) : bytes;
  const header = readHeader(file) ?? refuseSize('a whole header', file.length);
  const { code, shape, start, size, fileSize } = header;
  if (file.length !== fileSize) refuseSize(`${fileSize} bytes, as its header says`, file.length);
  return { dtype: code.dtype, shape, data: code.read(new DataView(file.buffer, file.byteOffset + start), size) };
}

interface Header {
  readonly code: Code;
  readonly shape: readonly number[];
  /** Where the numbers start, in bytes. */
  readonly start: number;
  /** How many numbers there are. */
  readonly size: number;
  readonly fileSize: number;
}

/** The header, or `undefined` when there are too few bytes to read it. */
function readHeader(file: Uint8Array): Header | undefined {
  const [first, second, type, rank] = file;
  if (first === undefined || second === undefined || type === undefined || rank === undefined) return undefined;
  const code = CODES[type];
  if (first !== 0 || second !== 0 || code === undefined)
    refuse(
      WHERE,
      'INVALID_DATA',
      'an IDX file (two zero bytes, a type of 8, 9, 11, 12, 13 or 14, the number of axes)',
      `bytes that begin with ${[first, second, type, rank].join(', ')}`,
      'Check that this is the file you meant, and not for example an error page.',
    );
  const start = 4 + 4 * rank;
  if (file.length < start) return undefined;
  const view = new DataView(file.buffer, file.byteOffset);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, n) => product * n, 1);
  return { code, shape, start, size, fileSize: start + size * code.bytes };
}

function refuseSize(expected: string, length: number): never {
  refuse(WHERE, 'INVALID_DATA', expected, `${length} bytes`, 'The file was cut or changed; download it again.');
}
