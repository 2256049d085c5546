/**
 * Linear forms on their way back to the input: `count` rows of coefficients on each value that has any, together with a list of
 * the entries at which some row may not be zero.
 */
export interface CarriedForms {
  readonly count: number;
  has(id: number): boolean;
  /** Coefficients on a value, `count` x its size; zeros at first. */
  rows(id: number): Float64Array;
  /** The listed entries of a value. */
  entries(id: number): Int32Array;
  /** Lists entries of a value. */
  list(id: number, entries: Int32Array): void;
  /** Lists the entries of a value at which some row is not zero. */
  listNonZero(id: number): void;
  /** Forgets the coefficients on a value. */
  drop(id: number): void;
}

/** Memory that one call leaves zeroed for the next. */
export type Buffers = Map<number, Float64Array>;

/** No forms yet. */
export function carriedForms(buffers: Buffers, count: number, sizeOf: (id: number) => number): CarriedForms {
  const listed = new Map<number, Int32Array>();
  const rows = (id: number) => {
    const length = count * sizeOf(id);
    const known = buffers.get(id);
    if (known !== undefined && known.length >= length) return known.subarray(0, length);
    const fresh = new Float64Array(length);
    buffers.set(id, fresh);
    return fresh;
  };
  const list = (id: number, entries: Int32Array) => {
    const before = listed.get(id);
    listed.set(id, before === undefined ? entries : distinct([before, entries], sizeOf(id)));
  };
  return {
    count,
    rows,
    list,
    has: (id) => listed.has(id),
    entries: (id) => listed.get(id) ?? new Int32Array(0),
    listNonZero(id) {
      const size = sizeOf(id);
      const marks = new Uint8Array(size);
      const values = rows(id);
      for (let c = 0; c < count; c++) for (let i = 0; i < size; i++) if (values[c * size + i] !== 0) marks[i] = 1;
      list(id, marked(marks));
    },
    drop(id) {
      const size = sizeOf(id);
      const values = rows(id);
      for (let c = 0; c < count; c++) for (const i of listed.get(id) ?? []) values[c * size + i] = 0;
      listed.delete(id);
    },
  };
}

/** Every entry of any of the lists once, in ascending order. */
export function distinct(lists: readonly Int32Array[], size: number): Int32Array {
  const marks = new Uint8Array(size);
  for (const entries of lists) for (const i of entries) marks[i] = 1;
  return marked(marks);
}

function marked(marks: Uint8Array): Int32Array {
  const entries = new Int32Array(marks.length);
  let used = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i] === 1) entries[used++] = i;
  return entries.slice(0, used);
}
