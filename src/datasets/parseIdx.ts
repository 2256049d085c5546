import { refuse, type Where } from '../core/check';
import { inflate, isGzip } from '../core/inflate';
import { checkBytes } from './byteReader';
import { bytesPer, type NumberType, type NumericArray, readNumbers } from './numericArray';

const CODES: Readonly<Record<number, NumberType>> = {
  8: 'uint8',
  9: 'int8',
  11: 'int16',
  12: 'int32',
  13: 'float32',
  14: 'float64',
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
export async function parseIdx(bytes: Uint8Array): Promise<NumericArray> {
  checkBytes(WHERE, bytes);
  const file = isGzip(bytes) ? await inflate(WHERE, bytes, 'gzip', (start) => readHeader(start)?.fileSize) : bytes;
  const header = readHeader(file) ?? refuseSize('a whole header', file.length);
  const { dtype, shape, start, fileSize } = header;
  if (file.length !== fileSize) refuseSize(`${fileSize} bytes, as its header says`, file.length);
  return { dtype, shape, data: readNumbers(WHERE, dtype, file.subarray(start), false) };
}

interface Header {
  readonly dtype: NumberType;
  readonly shape: readonly number[];
  /** Where the numbers start, in bytes. */
  readonly start: number;
  readonly fileSize: number;
}

/** The header, or `undefined` when there are too few bytes to read it. */
function readHeader(file: Uint8Array): Header | undefined {
  const [first, second, type, rank] = file;
  if (first === undefined || second === undefined || type === undefined || rank === undefined) return undefined;
  const dtype = CODES[type];
  if (first !== 0 || second !== 0 || dtype === undefined)
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
  const fileSize = start + shape.reduce((product, n) => product * n, 1) * bytesPer(dtype);
  return { dtype, shape, start, fileSize };
}

function refuseSize(expected: string, length: number): never {
  refuse(WHERE, 'INVALID_DATA', expected, `${length} bytes`, 'The file was cut or changed; download it again.');
}
