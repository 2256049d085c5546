import { refuse, type Where } from '../core/check';
import { type BundleEntry, readBundleEntry } from './bundleEntry';
import { checkBytes } from './checkBytes';
import { maskedCrc32c } from './crc32c';
import { bytesPer, type NumberType, type NumericArray, readNumbers } from './numericArray';
import { readMessage } from './protobuf';
import { readTable, type TableEntry } from './sortedTable';

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
 * @throws OverconfidenceError `INVALID_ARGUMENT` if an argument is no Uint8Array; `INVALID_DATA`, naming the variable, if
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
