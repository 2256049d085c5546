import { simplex } from './simplex';

/** How far a half-space must cut, in parts of its own distance, to count as one that the others do not imply. */
const CUTS = 1e-9;

/** A list of half-spaces `normal u + slack >= 0`, with normals of length 1, in numbers of the whole list. */
interface Kept {
  readonly index: number;
  readonly normal: Float64Array;
  readonly slack: number;
}

/**
 * The half-spaces that the others do not imply. Half-space i is implied if the least value of `n_i z + o_i` under the
 * others is >= 0; those found implied are left out of later tests, so that of equal ones the last is kept.
 *
 * @param normals - m x d, row-major.
 * @param slacks - `n z + o` at a point of the region, >= 0 up to rounding.
 */
export function facets(normals: Float64Array, slacks: Float64Array, d: number): Int32Array {
  let kept: Kept[] = [];
  for (const [index, slack] of slacks.entries()) {
    const normal = normals.slice(index * d, (index + 1) * d);
    const length = Math.hypot(...normal);
    // A normal of zeros bounds nothing.
    if (length > 0) kept.push({ index, normal: normal.map((v) => v / length), slack: Math.max(0, slack) / length });
  }
  for (const tested of [...kept]) if (isImplied(tested, kept, d)) kept = kept.filter((other) => other !== tested);
  return Int32Array.from(kept, ({ index }) => index);
}

function isImplied(tested: Kept, kept: readonly Kept[], d: number): boolean {
  // The tested half-space itself is moved out, which bounds the program where the others do not.
  const room = tested.slack > 0 ? tested.slack : 1;
  const rows = new Float64Array(kept.length * d);
  const bounds = new Float64Array(kept.length);
  for (const [k, { normal, slack }] of kept.entries()) {
    for (let j = 0; j < d; j++) rows[k * d + j] = -normal[j]!;
    bounds[k] = slack;
  }
  bounds[kept.indexOf(tested)]! += room;
  const optimum = simplex({ objective: tested.normal.map((v) => -v), rows, bounds });
  return optimum !== undefined && optimum.value - tested.slack <= CUTS * room;
}
