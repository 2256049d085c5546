import { refuse, type Where } from '../core/check';

/** Numbers with their type and shape, as a file holds them. */
export interface NumericArray {
  /**
   * Type of the numbers as the file names it; the class of `data` follows from it. `float16` and `bfloat16` come as
   * Float32Array, `bool` as Uint8Array, `int64` and `uint64` as Float64Array.
   */
  readonly dtype: NumberType;
  /** Size of each axis; `[]` for a single number. In a file of examples the first axis counts them. */
  readonly shape: readonly number[];
  /** The numbers, row-major; a copy that shares no memory with the bytes it was read from. */
  readonly data: NumberData;
}

/** A type of number that a file may hold. */
export type NumberType =
  | 'bool'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'uint64'
  | 'int64'
  | 'float16'
  | 'bfloat16'
  | 'float32'
  | 'float64';

/** The typed arrays in which numbers are handed out. */
export type NumberData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

interface Layout {
  readonly bytes: number;
  readonly make: (length: number) => NumberData;
  readonly get: (view: DataView, at: number, little: boolean) => number;
}

const LAYOUTS: Readonly<Record<NumberType, Layout>> = {
  bool: { bytes: 1, make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
  uint8: { bytes: 1, make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
  int8: { bytes: 1, make: (n) => new Int8Array(n), get: (v, at) => v.getInt8(at) },
  uint16: { bytes: 2, make: (n) => new Uint16Array(n), get: (v, at, little) => v.getUint16(at, little) },
  int16: { bytes: 2, make: (n) => new Int16Array(n), get: (v, at, little) => v.getInt16(at, little) },
  uint32: { bytes: 4, make: (n) => new Uint32Array(n), get: (v, at, little) => v.getUint32(at, little) },
  int32: { bytes: 4, make: (n) => new Int32Array(n), get: (v, at, little) => v.getInt32(at, little) },
  uint64: { bytes: 8, make: (n) => new Float64Array(n), get: (v, at, little) => Number(v.getBigUint64(at, little)) },
  int64: { bytes: 8, make: (n) => new Float64Array(n), get: (v, at, little) => Number(v.getBigInt64(at, little)) },
  float16: {
    bytes: 2,
    make: (n) => new Float32Array(n),
    get: (v, at, little) => halfPrecision(v.getUint16(at, little)),
  },
  bfloat16: { bytes: 2, make: (n) => new Float32Array(n), get: (v, at, little) => brainFloat(v.getUint16(at, little)) },
  float32: { bytes: 4, make: (n) => new Float32Array(n), get: (v, at, little) => v.getFloat32(at, little) },
  float64: { bytes: 8, make: (n) => new Float64Array(n), get: (v, at, little) => v.getFloat64(at, little) },
};

/** How many bytes one number takes. */
export function bytesPer(dtype: NumberType): number {
  return LAYOUTS[dtype].bytes;
}

/** Reads all of `bytes` as numbers of one type; 64-bit integers that float64 would round are refused. */
export function readNumbers(where: Where, dtype: NumberType, bytes: Uint8Array, little: boolean): NumberData {
  const { bytes: step, make, get } = LAYOUTS[dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = make(bytes.length / step);
  for (let i = 0; i < numbers.length; i++) numbers[i] = get(view, i * step, little);
  if (dtype === 'int64' || dtype === 'uint64') checkExact(where, numbers);
  return numbers;
}

function checkExact(where: Where, numbers: NumberData): void {
  const large = numbers.find((value) => !Number.isSafeInteger(value));
  if (large !== undefined)
    refuse(
      where,
      'INVALID_DATA',
      'whole numbers below 2^53 in size, which a JavaScript number holds exactly',
      `${large}`,
      'Save the numbers as float64 or as 32-bit integers.',
    );
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function brainFloat(bits: number): number {
  word.setUint32(0, bits * 0x10000);
  return word.getFloat32(0);
}
