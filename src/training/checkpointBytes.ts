import { refuse } from '../core/check';

/** One array of a checkpoint: a name, a shape and float32 values. */
export interface SavedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a checkpoint file holds: plain facts and arrays. */
export interface SavedRun<Facts> {
  readonly facts: Facts;
  readonly arrays: readonly SavedArray[];
}

const MAGIC = 'relu-overconfidence checkpoint 1\n';
const CHECKED = MAGIC.length + 4;
const PREFIX = CHECKED + 4;

/**
 * Bytes of a checkpoint: a magic line, an FNV-1a checksum of all that follows and the length of the header (two
 * little-endian uint32), the header as JSON, the float32 values little-endian.
 */
export function encodeCheckpoint<Facts>({ facts, arrays }: SavedRun<Facts>): Uint8Array {
  const described = arrays.map(({ name, shape }) => ({ name, shape }));
  const header = new TextEncoder().encode(JSON.stringify({ facts, arrays: described }));
  const count = arrays.reduce((sum, { values }) => sum + values.length, 0);
  const bytes = new Uint8Array(PREFIX + header.length + 4 * count);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(header, PREFIX);
  let at = PREFIX + header.length;
  for (const { values } of arrays) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  view.setUint32(CHECKED, header.length, true);
  view.setUint32(MAGIC.length, checksum(bytes.subarray(CHECKED)), true);
  return bytes;
}

/** The inverse of {@link encodeCheckpoint}; refuses damaged bytes before anything is changed. */
export function decodeCheckpoint<Facts>(fn: string, bytes: Uint8Array): SavedRun<Facts> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC)
    damaged(fn, 'bytes of something else');
  if (view.getUint32(MAGIC.length, true) !== checksum(bytes.subarray(CHECKED))) damaged(fn, 'damaged bytes');
  const headerEnd = PREFIX + view.getUint32(CHECKED, true);
  const { facts, arrays } = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, headerEnd))) as SavedRun<Facts>;
  let at = headerEnd;
  return {
    facts,
    arrays: arrays.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      for (let i = 0; i < values.length; i++, at += 4) values[i] = view.getFloat32(at, true);
      return { name, shape, values };
    }),
  };
}

function damaged(fn: string, got: string): never {
  refuse(
    { fn, argument: 'checkpoint' },
    'INVALID_CHECKPOINT',
    'a checkpoint written by fit',
    got,
    'Delete the file to start again, or restore it from a copy.',
  );
}

/** FNV-1a over bytes, 32 bits. */
function checksum(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}
