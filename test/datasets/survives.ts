import { expect } from 'vitest';

/** The result of reading, or 'refused' where the library refused the data in its own way; anything else fails the test. */
export async function survives<T>(read: () => T | Promise<T>): Promise<T | 'refused'> {
  try {
    return await read();
  } catch (error) {
    expect(error).toMatchObject({ name: 'OverconfidenceError', code: 'INVALID_DATA' });
    return 'refused';
  }
}

/** A copy of the bytes with one bit turned over. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
