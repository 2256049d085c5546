import { refuse, type Where } from '../core/check';
import { byteReader, checkBytes } from './byteReader';
import { bytesPer, type NumberType, type NumericArray, readNumbers } from './numericArray';
import { maskedCrc32c, readTable, type TableEntry } from './sortedTable';

const INDEX: Where = { fn: 'parseTensorBundle', argument: 'index' };
const DATA: Where = { fn: 'parseTensorBundle', argument: 'data' };

/**
 * Reads a TensorFlow checkpoint in the V2 format ("tensor bundle"): an `.index` file with the names, shapes and places of
 * the variables, and one or more `.data-0000i-of-0000n` files with their numbers.
 *
 * Nothing is trusted: the CRC-32C of every block of the index and of every variable is checked, sizes must agree with
 * shapes, and no memory is reserved before the bytes that fill it have been seen. Variables of strings (TensorFlow 2 keeps
 * its object graph in one) are left out. Runs in browsers too.
 *
 * @param index - The whole `.index` file.
 * @param data - The whole data file, or all of them in order.
 * @returns The variables by name, in the order of their names; optimizer slots such as `.../Momentum` are among them.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if an argument is not at a Uint8Array; `INVALID_DATA`, naming the variable, if
 * a file is truncated, changed, of another checkpoint, compressed with Snappy, or holds other things than numbers.
 *
 * @example
 * ```ts no-run
 * import { readFile } from 'node:fs/promises';
 * import { parseTensorBundle } from 'relu-overconfidence/datasets';
 *
 * const variables = parseTensorBundle(
 *   await readFile('model.ckpt-100.index'),
 *   await readFile('model.ckpt-100.data-00000-of-00001'),
 * );
 * for (const [name, { dtype, shape }] of variables) console.log(name, dtype, shape);
 * ```
 */
export function parseTensorBundle(
  index: Uint8Array,
  data: Uint8Array | readonly Uint8Array[],
): ReadonlyMap<string, NumericArray> {
  const shards = Array.isArray(data) ? (data as readonly Uint8Array[]) : [data as Uint8Array];
  checkBytes(INDEX, index);
  for (const shard of shards) checkBytes(DATA, shard);
  const [header, ...entries] = readTable(INDEX, index);
  checkHeader(header, shards.length);
  const variables = new Map<string, NumericArray>();
  let unread = shards.reduce((sum, shard) => sum + shard.length, 0);
  for (const { key, value } of entries) {
    const entry = readBundleEntry(INDEX, key, value);
    unread -= entry.size;
    if (unread < 0) refuseVariable(key, 'no longer than what is left of the data', `${entry.size} bytes`);
    if (entry.dtype !== 'string') variables.set(key, readVariable(key, entry.dtype, entry, shards));
  }
  return variables;
}

/** BundleHeaderProto under the empty name: the number of shards, and the byte order (0 is little-endian). */
function checkHeader(header: TableEntry | undefined, shards: number): void {
  if (header?.key !== '')
    refuse(INDEX, 'INVALID_DATA', 'the index of a checkpoint', 'a table without its header', 'Pass the .index file.');
  const message = readMessage(INDEX, header.value);
  if (message.number(1) !== shards || message.number(2) !== 0)
    refuse(
      DATA,
      'INVALID_DATA',
      `${message.number(1)} little-endian files, as the index says`,
      `${shards} files of byte order ${message.number(2)} (0 is little-endian)`,
      'Pass every .data file of the checkpoint, in order.',
    );
}

function readVariable(
  name: string,
  dtype: NumberType,
  { shape, shard, offset, size, checksum }: BundleEntry,
  shards: readonly Uint8Array[],
): NumericArray {
  const bytes = shards[shard]?.subarray(offset, offset + size);
  if (bytes?.length !== size) refuseVariable(name, `${size} bytes from byte ${offset} on`, `${bytes?.length ?? 0}`);
  const wanted = shape.reduce((product, n) => product * n, bytesPer(dtype));
  if (wanted !== size) refuseVariable(name, `${wanted} bytes of ${dtype} [${shape.join(', ')}]`, `${size}`);
  if (maskedCrc32c(bytes) !== checksum) refuseVariable(name, 'as its checksum says', 'other bytes');
  return { dtype, shape, data: readNumbers(DATA, dtype, bytes, true) };
}

function refuseVariable(name: string, expected: string, got: string): never {
  const fix = 'The files were cut or changed, or belong to two checkpoints; fetch both again.';
  refuse(DATA, 'INVALID_DATA', `complete, with variable "${name}" ${expected}`, got, fix);
}

/** Where a tensor of a checkpoint lies and what it must look like. */
interface BundleEntry {
  readonly dtype: NumberType | 'string';
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
}

/** The values of TensorFlow's enum DataType that name numbers, and strings. */
const TYPES: Readonly<Record<number, BundleEntry['dtype']>> = {
  1: 'float32',
  2: 'float64',
  3: 'int32',
  4: 'uint8',
  5: 'int16',
  6: 'int8',
  7: 'string',
  9: 'int64',
  10: 'bool',
  14: 'bfloat16',
  17: 'uint16',
  19: 'float16',
  22: 'uint32',
  23: 'uint64',
};

/** Reads TensorFlow's BundleEntryProto; variables that were saved in slices are refused. */
function readBundleEntry(where: Where, name: string, bytes: Uint8Array): BundleEntry {
  const entry = readMessage(where, bytes);
  const dtype = TYPES[entry.number(1)];
  if (dtype === undefined || entry.bytes(7).length > 0)
    refuse(
      where,
      'INVALID_DATA',
      `an index whose variable "${name}" holds plain numbers in one piece`,
      dtype === undefined ? `data type ${entry.number(1)}` : 'a variable in slices',
      'Save the checkpoint without partitioned, resource, complex and quantised variables.',
    );
  return {
    dtype,
    shape: shapeOf(where, entry),
    shard: entry.number(3),
    offset: entry.number(4),
    size: entry.number(5),
    checksum: entry.number(6),
  };
}

/** TensorShapeProto: a list of dimensions, each with a size. */
function shapeOf(where: Where, entry: Message): number[] {
  return entry
    .bytes(2)
    .flatMap((shape) => readMessage(where, shape).bytes(2))
    .map((dimension) => readMessage(where, dimension).number(1));
}

/** A protocol buffer message: the fields that hold numbers, and those that hold bytes, by field number. */
interface Message {
  /** The last number of a field; 0, the default of protocol buffers, where the field is absent. */
  readonly number: (field: number) => number;
  /** Every byte string of a field, in order. */
  readonly bytes: (field: number) => readonly Uint8Array[];
}

const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH = 2;
const FOUR_BYTES = 5;

/** Reads a message of varint, fixed32, fixed64 (skipped) and length-delimited fields. */
function readMessage(where: Where, bytes: Uint8Array): Message {
  const numbers = new Map<number, number>();
  const strings = new Map<number, Uint8Array[]>();
  const reader = byteReader(where, bytes);
  while (reader.left() > 0) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === VARINT) numbers.set(field, reader.varint());
    else if (type === FOUR_BYTES) numbers.set(field, reader.uint32());
    else if (type === EIGHT_BYTES) reader.take(8);
    else if (type === LENGTH) {
      const found = strings.get(field) ?? [];
      found.push(reader.take(reader.varint()));
      strings.set(field, found);
    } else refuse(where, 'INVALID_DATA', 'protocol buffers', `a field of type ${type}`, 'Fetch the file again.');
  }
  return { number: (field) => numbers.get(field) ?? 0, bytes: (field) => strings.get(field) ?? [] };
}
