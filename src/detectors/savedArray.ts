import { refuse, type Where } from '../core/check';

/** An array of numbers as JSON holds it: their bytes, lowest first, in base 64. */
export interface SavedArray {
  /** What the bytes are. */
  readonly type: 'float32' | 'float64';
  /** The bytes in base 64. */
  readonly base64: string;
}

/** Characters that are made of bytes at a time: more would be too many arguments. */
const CHUNK = 0x8000;

/** The bytes of an array as text. */
export function saveArray(values: Float32Array | Float64Array): SavedArray {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return { type: values instanceof Float32Array ? 'float32' : 'float64', base64: btoa(text) };
}

/** The array of a text that {@link saveArray} made; anything else is refused. */
export function restoreArray(where: Where, saved: SavedArray): Float32Array | Float64Array {
  const [Type, width] = saved.type === 'float32' ? ([Float32Array, 4] as const) : ([Float64Array, 8] as const);
  try {
    const bytes = Uint8Array.from(atob(saved.base64), (letter) => letter.charCodeAt(0));
    if (bytes.length % width === 0) return new Type(bytes.buffer);
  } catch {
    // Refused below, as bytes that are cut off are.
  }
  return refuse(where, 'INVALID_DATA', 'a whole saved detector', 'one with damaged numbers', 'Copy the file again.');
}
