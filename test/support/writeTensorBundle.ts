import { Buffer } from 'node:buffer';

/** A variable to be written: float32, as all weights of the paper are. */
export interface Written {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** CRC-32C by its definition, bit by bit, then LevelDB's mask. */
export function maskedChecksum(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  crc ^= 0xffffffffn;
  const turned = ((crc >> 15n) | (crc << 17n)) & 0xffffffffn;
  return Number((turned + 0xa282ead8n) & 0xffffffffn);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A protocol buffer field: a varint, or with a Buffer a string of bytes. */
export function field(number: number, value: number | Uint8Array): Buffer {
  if (typeof value === 'number') return Buffer.concat([varint(8 * number), varint(value)]);
  return Buffer.concat([varint(8 * number + 2), varint(value.length), value]);
}

type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** A LevelDB block with a restart point at every fourth entry. */
function block(entries: readonly Entry[]): Buffer {
  const parts: Uint8Array[] = [];
  const restarts: number[] = [];
  let size = 0;
  for (const [i, [key, value]] of entries.entries()) {
    const last = i % 4 === 0 ? new Uint8Array() : entries[i - 1]![0];
    if (i % 4 === 0) restarts.push(size);
    let shared = 0;
    while (shared < Math.min(last.length, key.length) && last[shared] === key[shared]) shared++;
    const part = [varint(shared), varint(key.length - shared), varint(value.length), key.subarray(shared), value];
    parts.push(...part);
    size += Buffer.concat(part).length;
  }
  return Buffer.concat([...parts, ...restarts.map(uint32), uint32(restarts.length)]);
}

/** A LevelDB table of blocks of `perBlock` entries each. */
export function writeTable(entries: readonly Entry[], perBlock = 3, compression = 0): Uint8Array {
  const file: Buffer[] = [];
  let at = 0;
  const append = (content: Buffer): Buffer => {
    const body = Buffer.concat([content, Buffer.from([compression])]);
    const handle = Buffer.concat([varint(at), varint(content.length)]);
    file.push(body, uint32(maskedChecksum(body)));
    at += body.length + 4;
    return handle;
  };
  const index: Entry[] = [];
  for (let i = 0; i < entries.length; i += perBlock) {
    const some = entries.slice(i, i + perBlock);
    index.push([some.at(-1)![0], append(block(some))]);
  }
  const handles = Buffer.concat([append(block([])), append(block(index))]);
  const magic = Buffer.from('57fb808b247547db', 'hex');
  return new Uint8Array(Buffer.concat([...file, handles, Buffer.alloc(40 - handles.length), magic]));
}

/** The BundleEntryProto of a variable. */
export function bundleEntry(
  dtype: number,
  shape: readonly number[],
  offset: number,
  bytes: Uint8Array,
  shard = 0,
): Buffer {
  const dimensions = shape.map((size) => field(2, size === 0 ? Buffer.alloc(0) : field(1, size)));
  return Buffer.concat([
    field(1, dtype),
    field(2, Buffer.concat(dimensions)),
    ...(shard > 0 ? [field(3, shard)] : []),
    ...(offset > 0 ? [field(4, offset)] : []),
    field(5, bytes.length),
    Buffer.concat([varint(8 * 6 + 5), uint32(maskedChecksum(bytes))]),
  ]);
}

/** The header of a bundle under its empty name. */
export const bundleHeader = (shards: number): Entry => [
  Buffer.alloc(0),
  Buffer.concat([field(1, shards), field(3, field(1, 1))]),
];

/** Both files of a checkpoint in TensorFlow's V2 format with one data file. */
export function writeTensorBundle(
  variables: Readonly<Record<string, Written>>,
  perBlock = 3,
): {
  index: Uint8Array;
  data: Uint8Array;
} {
  const names = Object.keys(variables).sort();
  const pieces: Uint8Array[] = [];
  let offset = 0;
  const entries = names.map((name): Entry => {
    const { shape, data } = variables[name]!;
    const bytes = new Uint8Array(Float32Array.from(data).buffer);
    const entry = bundleEntry(1, shape, offset, bytes);
    pieces.push(bytes);
    offset += bytes.length;
    return [Buffer.from(name), entry];
  });
  return { index: writeTable([bundleHeader(1), ...entries], perBlock), data: new Uint8Array(Buffer.concat(pieces)) };
}
