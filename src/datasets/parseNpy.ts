import { refuse, type Where } from '../core/check';
import { checkBytes } from './byteReader';
import { bytesPer, type NumberType, type NumericArray, readNumbers } from './numericArray';
import { permuteAxes } from './permuteAxes';

const WHERE: Where = { fn: 'parseNpy', argument: 'bytes' };
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** As many axes as NumPy 2 allows. */
const MOST_AXES = 64;

/** NumPy's kinds and sizes of numbers. */
const TYPES: Readonly<Record<string, NumberType>> = {
  b1: 'bool',
  u1: 'uint8',
  i1: 'int8',
  u2: 'uint16',
  i2: 'int16',
  u4: 'uint32',
  i4: 'int32',
  u8: 'uint64',
  i8: 'int64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

/**
 * Reads an array that NumPy wrote with `np.save`: versions 1 to 3, either byte order, row-major (C) or column-major
 * (Fortran); the result is row-major always.
 *
 * Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. Runs in browsers too.
 *
 * @param bytes - The whole `.npy` file.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `bytes` is not a Uint8Array; `INVALID_DATA` if the file is truncated, too
 * long, no `.npy` file, holds other things than booleans and real numbers, or 64-bit integers that float64 would round.
 *
 * @example
 * ```ts
 * import { parseNpy } from 'relu-overconfidence/datasets';
 *
 * const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n";
 * const bytes = new Uint8Array([0x93, ...new TextEncoder().encode(`NUMPY\x01\x00${String.fromCharCode(header.length)}\x00${header}`), 7, 9]);
 * console.log(parseNpy(bytes).data); // Uint8Array [7, 9]
 * ```
 */
export function parseNpy(bytes: Uint8Array): NumericArray {
  checkBytes(WHERE, bytes);
  const { dtype, little, fortran, shape, start } = readHeader(bytes);
  const body = bytes.subarray(start);
  const size = shape.reduce((product, n) => product * n, bytesPer(dtype));
  if (body.length !== size)
    refuseFile(`${size} bytes of ${dtype} [${shape.join(', ')}], as its header says`, `${body.length}`);
  const data = readNumbers(WHERE, dtype, body, little);
  if (!fortran) return { dtype, shape, data };
  // Column-major numbers are the row-major numbers of the shape read backwards.
  const backwards = shape.map((_, axis) => shape.length - 1 - axis);
  return { dtype, shape, data: permuteAxes(data, [...shape].reverse(), backwards) };
}

/** Magic number, version, length of the header, and the header: a Python dictionary with three entries. */
function readHeader(bytes: Uint8Array) {
  const version = bytes[6] ?? 0;
  const prefix = version === 1 ? 10 : 12;
  if (MAGIC.some((byte, i) => bytes[i] !== byte) || version < 1 || version > 3 || bytes.length < prefix)
    refuseFile('an .npy file of version 1, 2 or 3', `bytes that begin with ${bytes.subarray(0, 8).join(', ')}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = prefix + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length) refuseFile(`longer than its header of ${start} bytes`, `${bytes.length} bytes`);
  const text = new TextDecoder().decode(bytes.subarray(prefix, start));
  const [, , , order, type] = entry(text, 'descr', /(['"])([<>|=])([a-z]\d+)\2/) ?? [];
  const dtype = TYPES[type ?? ''];
  const fortran = entry(text, 'fortran_order', /(True|False)/)?.[2];
  const sizes = entry(text, 'shape', /[([]((?:\s*\d+L?\s*,)*\s*(?:\d+L?)?\s*)[)\]]/)?.[2];
  if (dtype === undefined || fortran === undefined || sizes === undefined)
    refuseFile('an array of booleans or real numbers', `the header ${text.slice(0, 120).trim()}`);
  const shape = sizes
    .split(',')
    .map((size) => size.trim().replace('L', ''))
    .filter((size) => size !== '')
    .map(Number);
  if (shape.length > MOST_AXES) refuseFile(`an array of at most ${MOST_AXES} axes`, `${shape.length}`);
  return { dtype, little: order !== '>', fortran: fortran === 'True', shape, start };
}

/** An entry of a Python dictionary as NumPy or another program writes it: either quotes, any blanks, and `2L` of Python 2. */
function entry(header: string, key: string, value: RegExp): RegExpExecArray | null {
  return new RegExp(`(['"])${key}\\1\\s*:\\s*${value.source}`).exec(header);
}

function refuseFile(expected: string, got: string): never {
  refuse(WHERE, 'INVALID_DATA', expected, got, 'Save the array again with np.save, and copy the file as binary.');
}
