import {
  add,
  type Code,
  compiled,
  dAdd,
  dLoadSplat,
  dMul,
  type FunctionSource,
  forRange,
  type Local,
  load,
  loadWhole,
  mul,
  PAGE,
  set,
  store,
  vConstant,
} from '../../core/assembler';
import { once } from '../../core/once';

/** Rows of numbers; multiples of one of them are added to others again and again, and they are multiplied with a vector. */
export interface Tableau {
  /** The rows one after the other. Another array after the next tableau has been made. */
  readonly entries: Float64Array;
  /** Length of a row. */
  readonly width: number;
  /** What multiple of the row is to be added to which other rows, to be filled in. */
  readonly factors: Float64Array;
  readonly rows: Int32Array;
  /** What they are multiplied with, to be filled in: of the length of a row, with zeros at the end. */
  readonly vector: Float64Array;
  /** What the methods have summed up, each sum as two halves. */
  readonly sums: Float64Array;
  /** Sums up the inner products of the first so many rows with the vector. */
  multiply(count: number): void;
  /** Adds `factors[i]` times the row `source` to the row `rows[i]` for each i below `count`, and sums up the squares of what comes out. */
  addRow(source: number, count: number): void;
}

/** Makes tableaux. */
export interface TableauMaker {
  /** A tableau of any numbers, with rows of `width` of them or a few more. */
  make(width: number, height: number): Tableau;
}

/** The squared length of a row. */
export function sumOfSquares(row: Float64Array): number {
  let sum = 0;
  for (const entry of row) sum += entry * entry;
  return sum;
}

/** Numbers that are worked on in one round. */
const BLOCK = 8;

/** Tableaux in plain loops. */
export const plainTableaux: TableauMaker = {
  make(width, height) {
    const entries = new Float64Array(width * height);
    const [factors, rows] = [new Float64Array(height), new Int32Array(height)];
    const [vector, sums] = [new Float64Array(width), new Float64Array(2 * height)];
    return {
      ...{ entries, width, factors, rows, vector, sums },
      multiply(count) {
        for (let i = 0; i < count; i++) {
          let sum = 0;
          for (let j = 0; j < width; j++) sum += entries[i * width + j]! * vector[j]!;
          [sums[2 * i], sums[2 * i + 1]] = [sum, 0];
        }
      },
      addRow(source, count) {
        const from = source * width;
        for (let i = 0; i < count; i++) {
          const [factor, to] = [factors[i]!, rows[i]! * width];
          let sum = 0;
          for (let j = 0; j < width; j++) {
            const entry = entries[to + j]! + factor * entries[from + j]!;
            entries[to + j] = entry;
            sum += entry * entry;
          }
          [sums[2 * i], sums[2 * i + 1]] = [sum, 0];
        }
      },
    };
  },
};

const VECTORS = Array.from({ length: BLOCK / 2 }, (_, v) => v);

/** `multiply(table, bytes, end, vector, sums)`: rows of so many bytes up to the address `end`. */
const multiplySource: FunctionSource = {
  name: 'multiply',
  parameters: 5,
  body: (scope, table, bytes, end, vector, sums) => {
    const [row, from, next, last] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const parts = VECTORS.map(() => scope.v128());
    return forRange(row, table, end, bytes, [
      set(from, vector),
      set(last, add(row, bytes)),
      parts.map((part) => set(part, vConstant(0))),
      forRange(next, row, last, 8 * BLOCK, [
        parts.map((part, v) => set(part, dAdd(part, dMul(load(next, 16 * v), load(from, 16 * v))))),
        set(from, add(from, 8 * BLOCK)),
      ]),
      store(sums, total(parts)),
      set(sums, add(sums, 16)),
    ]);
  },
};

/** Four vectors as one. */
function total([a, b, c, d]: readonly Local[]): Code {
  return dAdd(dAdd(a!, b!), dAdd(c!, d!));
}

/** `addRow(table, bytes, source, factors, end, rows, sums)`: rows of so many bytes; the factors end at `end`. */
const addRowSource: FunctionSource = {
  name: 'addRow',
  parameters: 7,
  body: (scope, table, bytes, source, factors, end, rows, sums) => {
    const [factor, to, from, next, last] = [scope.i32(), scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const splat = scope.v128();
    const [entries, parts] = [VECTORS.map(() => scope.v128()), VECTORS.map(() => scope.v128())];
    return forRange(factor, factors, end, 8, [
      set(splat, dLoadSplat(factor)),
      set(to, add(table, mul(loadWhole(rows), bytes))),
      set(last, add(to, bytes)),
      set(from, source),
      parts.map((part) => set(part, vConstant(0))),
      forRange(next, to, last, 8 * BLOCK, [
        entries.map((entry, v) => [
          set(entry, dAdd(load(next, 16 * v), dMul(splat, load(from, 16 * v)))),
          store(next, entry, 16 * v),
          set(parts[v]!, dAdd(parts[v]!, dMul(entry, entry))),
        ]),
        set(from, add(from, 8 * BLOCK)),
      ]),
      store(sums, total(parts)),
      set(rows, add(rows, 4)),
      set(sums, add(sums, 16)),
    ]);
  },
};

/** The code; undefined where an engine has no vectors. */
const code = once(() => compiled([multiplySource, addRowSource]));

/** Bytes of a memory that is kept for tableaux to come, at the most. */
const MOST_KEPT = 2 ** 26;

type Run = Readonly<Record<'multiply' | 'addRow', (...parameters: number[]) => void>>;

/** A tableau in a memory of WebAssembly, whose arrays are made again when that has grown. */
class VectorTableau implements Tableau {
  entries!: Float64Array;
  factors!: Float64Array;
  rows!: Int32Array;
  vector!: Float64Array;
  sums!: Float64Array;
  /** Where in the memory they begin, after the entries, and where nothing of the tableau is any more. */
  private readonly place: Readonly<Record<'factors' | 'vector' | 'sums' | 'rows', number>>;
  readonly end: number;

  constructor(
    private readonly run: Run,
    private readonly at: number,
    readonly width: number,
    private readonly height: number,
  ) {
    const factors = at + 8 * width * height;
    const vector = factors + 8 * height;
    const sums = vector + 8 * width;
    const rows = sums + 16 * height;
    this.place = { factors, vector, sums, rows };
    this.end = Math.ceil((rows + 4 * height) / 16) * 16;
  }

  reside(buffer: ArrayBufferLike): void {
    const { height, width, place } = this;
    this.entries = new Float64Array(buffer, this.at, width * height);
    this.factors = new Float64Array(buffer, place.factors, height);
    this.vector = new Float64Array(buffer, place.vector, width);
    this.sums = new Float64Array(buffer, place.sums, 2 * height);
    this.rows = new Int32Array(buffer, place.rows, height);
  }

  multiply(count: number): void {
    const { at, place } = this;
    const bytes = 8 * this.width;
    this.run.multiply(at, bytes, at + count * bytes, place.vector, place.sums);
  }

  addRow(source: number, count: number): void {
    const { at, place } = this;
    const bytes = 8 * this.width;
    const { factors, rows, sums } = place;
    this.run.addRow(at, bytes, at + source * bytes, factors, factors + 8 * count, rows, sums);
  }
}

/** Tableaux one after the other in a memory of their own. */
class VectorTableaux implements TableauMaker {
  private readonly memory = new WebAssembly.Memory({ initial: 1 });
  private readonly run: Run;
  private readonly made: VectorTableau[] = [];

  constructor(module: WebAssembly.Module) {
    const { multiply, addRow } = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports;
    this.run = { multiply, addRow } as Run;
  }

  make(width: number, height: number): Tableau {
    const padded = Math.ceil(width / BLOCK) * BLOCK;
    const tableau = new VectorTableau(this.run, this.made.at(-1)?.end ?? 0, padded, height);
    const missing = tableau.end - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.memory.grow(Math.ceil(missing / PAGE));
      } catch {
        return plainTableaux.make(width, height);
      }
      for (const earlier of this.made) earlier.reside(this.memory.buffer);
    }
    tableau.reside(this.memory.buffer);
    this.made.push(tableau);
    return tableau;
  }

  /** Gives up all tableaux; whether so little memory was taken that it may be kept for others. */
  clear(): boolean {
    this.made.length = 0;
    return this.memory.buffer.byteLength <= MOST_KEPT;
  }
}

/** Memories that nobody uses: an engine sets aside far more addresses for each than it has bytes. */
const idle: VectorTableaux[] = [];

/** Runs `work` with tableaux that may be used until it ends: by vectors of WebAssembly where there are some. */
export function* withTableaux<Pause, Result>(
  work: (tableaux: TableauMaker) => Generator<Pause, Result, void>,
): Generator<Pause, Result, void> {
  const module = code();
  if (module === undefined) return yield* work(plainTableaux);
  const tableaux = idle.pop() ?? new VectorTableaux(module);
  try {
    return yield* work(tableaux);
  } finally {
    if (tableaux.clear()) idle.push(tableaux);
  }
}
