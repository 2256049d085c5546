/** Maximise `objective` u subject to `rows` u <= `bounds`, u any vector; bounds are >= 0, so that u = 0 is allowed. */
export interface Program {
  /** n numbers. */
  readonly objective: Float64Array;
  /** m x n, row-major. */
  readonly rows: Float64Array;
  /** m numbers >= 0. */
  readonly bounds: Float64Array;
}

/** Where the largest value is taken; undefined if there is none because the value grows without limit. */
export type Optimum = { readonly value: number; readonly u: Float64Array } | undefined;

/** Entries below this, relative to rows of length 1, count as zero unless the caller says otherwise. */
const ZERO = 1e-11;

/** How far a slack may be overrun, in parts of its bound, for a pivot that is not tiny: nearly equal rows would give one. */
const OVERRUN = 1e-9;

/** A slack that became slightly negative by rounding. */
const atLeastZero = (value: number) => Math.max(0, value);

/**
 * The primal simplex method on a dictionary: m basic variables as affine functions of n others. It begins with the slacks
 * in terms of u. A variable of u may take any sign, so it enters first and never leaves.
 */
export function simplex({ objective, rows, bounds }: Program, zero = ZERO): Optimum {
  const n = objective.length;
  const m = bounds.length;
  const width = n + 1;
  // Row i says: basic[i] = table[i][n] - sum over j of table[i][j] other[j]. The last row is the objective, negated.
  const table = new Float64Array((m + 1) * width);
  for (let i = 0; i < m; i++) {
    table.set(rows.subarray(i * n, (i + 1) * n), i * width);
    table[i * width + n] = bounds[i]!;
  }
  for (let j = 0; j < n; j++) table[m * width + j] = -objective[j]!;
  // Variables 0 to n - 1 are u, n + i is the slack of row i.
  const basic = Int32Array.from({ length: m }, (_, i) => n + i);
  const other = Int32Array.from({ length: n }, (_, j) => j);

  for (let step = 0; ; step++) {
    // Bland's rule, which cannot go round in circles: of all that may enter and of all that may leave the first.
    const first = step > 20 * (m + n);
    const entering = chooseEntering(table, m, width, other, { zero, first });
    if (entering === undefined) break;
    const { column } = entering;
    const row = chooseLeaving(table, bounds, width, basic, entering, { zero, first });
    if (row === undefined) return undefined;
    pivot(table, m, width, row, column);
    [basic[row], other[column]] = [other[column]!, basic[row]!];
  }
  const u = new Float64Array(n);
  for (let i = 0; i < m; i++) if (basic[i]! < n) u[basic[i]!] = table[i * width + n]!;
  return { value: table[m * width + n]!, u };
}

/** How variables are chosen. */
interface Rule {
  /** Entries up to this count as zero. */
  readonly zero: number;
  /** Whether Bland's rule takes the first. */
  readonly first: boolean;
}

/** The variable whose growth, or for a free one whose change, gains most; the first that gains after many steps (Bland). */
function chooseEntering(table: Float64Array, m: number, width: number, other: Int32Array, { zero, first }: Rule) {
  let best: { column: number; direction: 1 | -1; gain: number; variable: number } | undefined;
  for (let j = 0; j < width - 1; j++) {
    const gain = -table[m * width + j]!;
    const free = other[j]! < width - 1;
    const size = free ? Math.abs(gain) : gain;
    if (size <= zero) continue;
    const better = best === undefined || (first ? other[j]! < best.variable : size > best.gain);
    if (better) best = { column: j, direction: gain > 0 ? 1 : -1, gain: size, variable: other[j]! };
  }
  return best;
}

/**
 * Of the slacks that reach zero first, or so little later that no bound is overrun by more than rounding, the one with the
 * largest pivot; after many steps the first (Bland) of those that reach it first.
 */
function chooseLeaving(
  table: Float64Array,
  bounds: Float64Array,
  width: number,
  basic: Int32Array,
  { column, direction }: { readonly column: number; readonly direction: 1 | -1 },
  { zero, first }: Rule,
): number | undefined {
  const n = width - 1;
  const rate = (i: number) => (basic[i]! < n ? 0 : direction * table[i * width + column]!);
  const ratio = (i: number, beyond: number) =>
    (atLeastZero(table[i * width + n]!) + beyond * bounds[basic[i]! - n]!) / rate(i);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < bounds.length; i++) if (rate(i) > zero) least = Math.min(least, ratio(i, first ? 0 : OVERRUN));
  let chosen: number | undefined;
  for (let i = 0; i < bounds.length; i++) {
    if (!(rate(i) > zero && ratio(i, 0) <= least)) continue;
    if (chosen === undefined || (first ? basic[i]! < basic[chosen]! : rate(i) > rate(chosen))) chosen = i;
  }
  return chosen;
}

/** Exchanges the basic variable of `row` for the other variable of `column`. */
function pivot(table: Float64Array, m: number, width: number, row: number, column: number): void {
  const at = row * width;
  const inverse = 1 / table[at + column]!;
  for (let j = 0; j < width; j++) table[at + j]! *= inverse;
  table[at + column] = inverse;
  for (let i = 0; i <= m; i++) {
    const factor = table[i * width + column]!;
    if (i === row || factor === 0) continue;
    table[i * width + column] = 0;
    for (let j = 0; j < width; j++) table[i * width + j]! -= factor * table[at + j]!;
  }
}
