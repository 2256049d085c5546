import { refuse, type Where } from '../core/check';
import { byteReader } from './byteReader';

/** A key and the bytes stored under it. */
export interface TableEntry {
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
export function* readTable(where: Where, file: Uint8Array): Generator<TableEntry> {
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
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
