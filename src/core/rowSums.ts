import {
  add,
  compiled,
  dAdd,
  dLoadOne,
  dLoadSplat,
  dMul,
  dStoreOne,
  type FunctionSource,
  forRange,
  load,
  loadWhole,
  mul,
  PAGE,
  set,
  store,
  vConstant,
} from './assembler';
import { once } from './once';

/** A matrix of which weighted rows are added up again and again. It must not change. */
export interface Rows {
  /** Its rows one after the other. */
  readonly matrix: Float64Array;
  /** Length of a row: a multiple of 16, see {@link paddedWidth}. */
  readonly width: number;
  /** Where the parts of a sum go in a vector, if they do. */
  readonly stretches?: Stretches;
}

/** Parts of a row, and where each is to be added to a vector of `size` numbers. */
export interface Stretches {
  readonly size: number;
  /** Where each part begins in the vector. */
  readonly places: Int32Array;
  /** Where it begins in the row. */
  readonly entries: Int32Array;
  readonly lengths: Int32Array;
}

/** What makes the sums; good until the next call with any matrix. */
export interface RowSums {
  /** Factors of the rows of the next sum, to be filled in. */
  readonly factors: Float64Array;
  /** Which rows they belong to, likewise. */
  readonly rows: Int32Array;
  /** `sum_k factors[k] row[rows[k]]` for k below `count`; good until the next one. */
  of(count: number): Float64Array;
  /** Where {@link spread} adds: zeros at first, and to be left so. */
  readonly target: Float64Array;
  /** Adds the stretches of the last sum from `first` up to `end` to the target. */
  spread(first: number, end: number): void;
}

/** Numbers that are summed together in registers. */
const BLOCK = 16;

/** The length of a row of `width` numbers with zeros at its end. */
export function paddedWidth(width: number): number {
  return Math.ceil(width / BLOCK) * BLOCK;
}

/** Makes ready to add up rows of a matrix: by vectors of WebAssembly where there are some. */
export function rowSums(rows: Rows): RowSums {
  return vectorSums(rows) ?? plainSums(rows);
}

const NOWHERE: Stretches = {
  size: 0,
  places: new Int32Array(0),
  entries: new Int32Array(0),
  lengths: new Int32Array(0),
};

/** The sums in plain loops. */
export function plainSums({ matrix, width, stretches = NOWHERE }: Rows): RowSums {
  const most = matrix.length / width;
  const { places, entries, lengths } = stretches;
  const [factors, rows, sum] = [new Float64Array(most), new Int32Array(most), new Float64Array(width)];
  const target = new Float64Array(stretches.size);
  return {
    factors,
    rows,
    target,
    of(count) {
      sum.fill(0);
      for (let k = 0; k < count; k++) {
        const [factor, row] = [factors[k]!, rows[k]! * width];
        for (let j = 0; j < width; j++) sum[j]! += factor * matrix[row + j]!;
      }
      return sum;
    },
    spread(first, end) {
      for (let s = first; s < end; s++) {
        const [place, entry] = [places[s]!, entries[s]!];
        for (let j = 0; j < lengths[s]!; j++) target[place + j]! += sum[entry + j]!;
      }
    },
  };
}

const VECTORS = Array.from({ length: BLOCK / 2 }, (_, v) => v);

/** `sum(to, bytes, matrix, factors, rows, count)`: each row is `bytes` long, and `count` is in bytes of the factors. */
const sumSource: FunctionSource = {
  name: 'sum',
  parameters: 6,
  body: (scope, to, bytes, matrix, factors, rows, count) => {
    const [place, factor, row, end, address] = [scope.i32(), scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const sums = VECTORS.map(() => scope.v128());
    const splat = scope.v128();
    return [
      set(end, add(factors, count)),
      forRange(place, 0, bytes, BLOCK * 8, [
        sums.map((sum) => set(sum, vConstant(0))),
        set(row, rows),
        forRange(factor, factors, end, 8, [
          set(address, add(add(matrix, place), mul(loadWhole(row), bytes))),
          set(splat, dLoadSplat(factor)),
          sums.map((sum, v) => set(sum, dAdd(sum, dMul(splat, load(address, 16 * v))))),
          set(row, add(row, 4)),
        ]),
        sums.map((sum, v) => store(add(to, place), sum, 16 * v)),
      ]),
    ];
  },
};

/** `spread(target, sum, stretch, end)`: a stretch is twelve bytes, place, entry and length, all of them in bytes. */
const spreadSource: FunctionSource = {
  name: 'spread',
  parameters: 4,
  body: (scope, target, sum, stretch, end) => {
    const [next, to, from, pairs, rest] = [scope.i32(), scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    return forRange(next, stretch, end, 12, [
      set(to, add(target, loadWhole(next))),
      set(from, add(sum, loadWhole(next, 4))),
      // An odd number at the end is left: a loop of one round or none.
      set(rest, add(to, loadWhole(next, 8))),
      set(pairs, add(rest, -8)),
      forRange(to, to, pairs, 16, [store(to, dAdd(load(to), load(from))), set(from, add(from, 16))]),
      forRange(to, to, rest, 16, dStoreOne(to, dAdd(dLoadOne(to), dLoadOne(from)))),
    ]);
  },
};

/** Copies of matrices take up to so many bytes together; then all have to be made again when they are next wanted. */
const MOST_BYTES = 2 ** 26;

/** The vector code, its memory and what lies where; undefined where an engine has no such vectors. */
const engine = once(() => {
  const module = compiled([sumSource, spreadSource]);
  if (module === undefined) return undefined;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { sum, spread } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const run = { sum, spread } as Readonly<Record<'sum' | 'spread', (...parameters: number[]) => void>>;
  return { memory, ...run, copies: new WeakMap<Float64Array, number>(), used: 0 };
});

/** The sums by vectors; undefined where there are none, or a matrix is too large. */
export function vectorSums({ matrix, width, stretches = NOWHERE }: Rows): RowSums | undefined {
  const vectors = engine();
  const most = matrix.length / width;
  const { size, places, entries, lengths } = stretches;
  // One after the other: the matrix, the sum, the target, the factors, the stretches and the rows.
  const numbers = matrix.length + width + size + most;
  const bytes = 16 * Math.ceil((8 * numbers + 12 * places.length + 4 * most) / 16);
  if (vectors === undefined || bytes > MOST_BYTES) return undefined;
  const { memory } = vectors;
  if (vectors.used + bytes > MOST_BYTES) Object.assign(vectors, { copies: new WeakMap(), used: 0 });
  const known = vectors.copies.get(matrix);
  const at = known ?? vectors.used;
  const sumAt = at + 8 * matrix.length;
  const targetAt = sumAt + 8 * width;
  const factorsAt = targetAt + 8 * size;
  const stretchesAt = factorsAt + 8 * most;
  const rowsAt = stretchesAt + 12 * places.length;
  if (known === undefined) {
    vectors.used += bytes;
    vectors.copies.set(matrix, at);
    const missing = vectors.used - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    new Float64Array(memory.buffer, at, matrix.length).set(matrix);
    new Float64Array(memory.buffer, targetAt, size).fill(0);
    const table = new Int32Array(memory.buffer, stretchesAt, 3 * places.length);
    for (const [s, place] of places.entries()) table.set([8 * place, 8 * entries[s]!, 8 * lengths[s]!], 3 * s);
  }
  const sum = new Float64Array(memory.buffer, sumAt, width);
  return {
    factors: new Float64Array(memory.buffer, factorsAt, most),
    rows: new Int32Array(memory.buffer, rowsAt, most),
    target: new Float64Array(memory.buffer, targetAt, size),
    of(count) {
      vectors.sum(sumAt, 8 * width, at, factorsAt, rowsAt, 8 * count);
      return sum;
    },
    spread(first, end) {
      vectors.spread(targetAt, sumAt, stretchesAt + 12 * first, stretchesAt + 12 * end);
    },
  };
}
