import { refuse, type Where } from '../core/check';
import { byteReader, checkBytes } from './byteReader';
import { bytesPer, type NumberType, type NumericArray, readNumbers } from './numericArray';

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

/** A key and the bytes stored under it. */
interface TableEntry {
  readonly key: string;
  readonly value: Uint8Array;
}

const FOOTER = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];
const TRAILER = 5;
const LONGEST_KEY = 1024;

/**
 * The entries of a LevelDB table in order. Every block's CRC-32C is checked before it is read, blocks must follow each
 * other and keys must ascend, so the work is bounded by the size of the file.
 */
function* readTable(where: Where, file: Uint8Array): Generator<TableEntry> {
  const footer = byteReader(where, file.subarray(Math.max(0, file.length - FOOTER)));
  if (footer.left() < FOOTER) refuseFooter(where, file);
  const handles = byteReader(where, footer.take(FOOTER - MAGIC.length));
  const readHandle = () => readBlock(where, file, handles.varint(), handles.varint());
  // The first block describes the table itself and is empty; reading it checks it.
  readHandle();
  const index = readHandle();
  const padding = handles.take(handles.left());
  if (padding.some((byte) => byte !== 0) || footer.take(MAGIC.length).join() !== MAGIC.join())
    refuseFooter(where, file);
  let read = 0;
  for (const { value } of readEntries(where, index)) {
    const handle = byteReader(where, value);
    const offset = handle.varint();
    if (offset < read) refuseOrder(where, 'blocks');
    const size = handle.varint();
    yield* readEntries(where, readBlock(where, file, offset, size));
    read = offset + size;
  }
}

/** The content of a block, its checksum and its compression checked. */
function readBlock(where: Where, file: Uint8Array, offset: number, size: number): Uint8Array {
  const end = offset + size;
  if (end + TRAILER > file.length - FOOTER)
    refuse(
      where,
      'INVALID_DATA',
      'a table whose blocks lie inside it',
      `a block that ends at byte ${end} of ${file.length}`,
      'The file was cut or changed; fetch it again.',
    );
  const trailer = byteReader(where, file.subarray(end, end + TRAILER));
  const [compression] = trailer.take(1);
  if (trailer.uint32() !== maskedCrc32c(file.subarray(offset, end + 1)))
    refuse(
      where,
      'INVALID_DATA',
      'a table whose blocks match their checksums',
      `a block at byte ${offset} that does not`,
      'The file was changed; fetch it again.',
    );
  if (compression !== 0)
    refuse(
      where,
      'INVALID_DATA',
      'a table of uncompressed blocks',
      `a block with compression ${compression} (1 is Snappy)`,
      'Save the checkpoint with TensorFlow 1.2 or later, which does not compress its index.',
    );
  return file.subarray(offset, end);
}

/** Entries of a block: each key shares a prefix with the one before it. The list of restart points is not needed. */
function* readEntries(where: Where, block: Uint8Array): Generator<TableEntry> {
  const restarts = byteReader(where, block.subarray(Math.max(0, block.length - 4))).uint32();
  const size = block.length - 4 - 4 * restarts;
  const reader = byteReader(where, block.subarray(0, Math.max(0, size)));
  if (size < 0)
    refuse(where, 'INVALID_DATA', 'a block as long as its restart points', 'a shorter one', 'Fetch it again.');
  const decoder = new TextDecoder();
  let last: Uint8Array | undefined;
  while (reader.left() > 0) {
    const shared = reader.varint();
    const added = reader.varint();
    const length = reader.varint();
    if (shared > (last?.length ?? 0) || shared + added > LONGEST_KEY)
      refuse(
        where,
        'INVALID_DATA',
        `a table with keys of at most ${LONGEST_KEY} bytes that share their start with the key before`,
        `a key of ${shared} shared and ${added} new bytes`,
        'The file was changed, or is not a checkpoint of TensorFlow.',
      );
    const key = new Uint8Array(shared + added);
    key.set(last?.subarray(0, shared) ?? []);
    key.set(reader.take(added), shared);
    if (last !== undefined && !ascends(last, key)) refuseOrder(where, 'keys');
    last = key;
    yield { key: decoder.decode(key), value: reader.take(length) };
  }
}

function ascends(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return a.length < b.length;
}

function refuseOrder(where: Where, what: string): never {
  refuse(where, 'INVALID_DATA', `a table with its ${what} in order`, `${what} that are not`, 'Fetch the file again.');
}

function refuseFooter(where: Where, file: Uint8Array): never {
  refuse(
    where,
    'INVALID_DATA',
    'a LevelDB table, which ends in zeros and 57 fb 80 8b 24 75 47 db',
    `${file.length} bytes that do not`,
    'Pass the whole .index file of the checkpoint.',
  );
}

/** Remainders of one byte by the Castagnoli polynomial, bits reversed: 0x82f63b78. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
  return remainder;
});

/** CRC-32C of some bytes, as storage formats and iSCSI (RFC 3720) use it. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The form in which LevelDB and TensorFlow store a CRC-32C: turned right by 15 bits, plus 0xa282ead8. */
function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
