import type { Changes } from '../types';

/** A vector of `size` changes, all of them zero. */
export function noChanges(size: number): Changes {
  return { values: new Float64Array(size), listed: new Uint8Array(size), entries: new Int32Array(size), count: 0 };
}

/** Adds `change` to entry i and lists it, unless it is listed already. */
export function add(changes: Changes, i: number, change: number): void {
  changes.values[i]! += change;
  if (changes.listed[i] === 1) return;
  changes.listed[i] = 1;
  changes.entries[changes.count++] = i;
}

/** Lists `length` entries from `start` on, which are always listed together. */
export function listRange(changes: Changes, start: number, length: number): void {
  if (changes.listed[start] === 1) return;
  const { listed, entries } = changes;
  for (let i = start; i < start + length; i++) {
    listed[i] = 1;
    entries[changes.count++] = i;
  }
}

/** Sets every listed entry back to zero and empties the list. */
export function clear(changes: Changes): void {
  const { values, listed, entries, count } = changes;
  for (let i = 0; i < count; i++) {
    values[entries[i]!] = 0;
    listed[entries[i]!] = 0;
  }
  changes.count = 0;
}
