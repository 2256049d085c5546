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

/** Entries below this, relative to rows of length 1, count as zero. */
const ZERO = 1e-11;

/** A slack that became slightly negative by rounding. */
const atLeastZero = (value: number) => Math.max(0, value);

/**
 * The primal simplex method on a dictionary: m basic variables as affine functions of n others. It begins with the slacks
 * in terms of u. A variable of u may take any sign, so it enters first and never leaves.
 */
export function simplex({ objective, rows, bounds }: Program): Optimum {
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
    const entering = chooseEntering(table, m, width, other, first);
    if (entering === undefined) break;
    const { column, direction } = entering;
    const row = chooseLeaving(table, m, width, basic, column, direction, first);
    if (row === undefined) return undefined;
    pivot(table, m, width, row, column);
    [basic[row], other[column]] = [other[column]!, basic[row]!];
  }
  const u = new Float64Array(n);
  for (let i = 0; i < m; i++) if (basic[i]! < n) u[basic[i]!] = table[i * width + n]!;
  return { value: table[m * width + n]!, u };
}

/** The variable whose growth, or for a free one whose change, gains most; the first that gains after many steps (Bland). */
function chooseEntering(table: Float64Array, m: number, width: number, other: Int32Array, first: boolean) {
  let best: { column: number; direction: 1 | -1; gain: number; variable: number } | undefined;
  for (let j = 0; j < width - 1; j++) {
    const gain = -table[m * width + j]!;
    const free = other[j]! < width - 1;
    const size = free ? Math.abs(gain) : gain;
    if (size <= ZERO) continue;
    const better = best === undefined || (first ? other[j]! < best.variable : size > best.gain);
    if (better) best = { column: j, direction: gain > 0 ? 1 : -1, gain: size, variable: other[j]! };
  }
  return best;
}

/** The slack that reaches zero first; of several the one with the largest pivot, after many steps the first (Bland). */
function chooseLeaving(
  table: Float64Array,
  m: number,
  width: number,
  basic: Int32Array,
  column: number,
  direction: 1 | -1,
  first: boolean,
): number | undefined {
  let chosen: number | undefined;
  let [least, largest] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < m; i++) {
    const rate = direction * table[i * width + column]!;
    if (basic[i]! < width - 1 || rate <= ZERO) continue;
    const ratio = atLeastZero(table[i * width + width - 1]!) / rate;
    if (ratio > least) continue;
    if (ratio === least && (first ? basic[i]! > basic[chosen!]! : rate <= largest)) continue;
    [chosen, least, largest] = [i, ratio, rate];
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
