import { checkKeys, checkNonNegative, type KeysOf, refuse, show } from '../core/check';
import { checkVector } from './checkVector';
import { decideAt } from './pass/applyNode';
import { push } from './pass/push';
import { allNormals, countOf, halfSpaces, type NodeHalfSpaces, slacksAt, someNormals } from './region/halfSpaces';
import { simplex } from './region/simplex';
import type { Pattern, PiecewiseAffine } from './types';

/** What a half-space of a {@link LinearRegion} is about. */
export interface HalfSpaceOrigin {
  /** Name of the layer whose decision changes across the plane. */
  readonly layer: string;
  /** The entry of what that layer decides on: the hidden unit, or the winner of a pooling window. */
  readonly entry: number;
  /** The entry that would win instead, for pooling; undefined for a hidden unit. */
  readonly rival: number | undefined;
}

/** A linear region Q(x): the polytope of all z with `n z + o >= 0` for `count` half-spaces. */
export interface LinearRegion {
  /** What the network has decided in the region. */
  readonly pattern: Pattern;
  /** Number of half-spaces: one per hidden unit (two for a unit between two kinks), one per pooling comparison. */
  readonly count: number;
  /** The normals n, `count` x d row-major; formed when first asked for, by d forward passes. */
  readonly normals: Float64Array;
  /** The offsets o. */
  readonly offsets: Float64Array;
  /** Rows `begin` up to `end` - 1 of `normals`, by one backward pass each and without the rest. */
  normalRows(begin: number, end: number): Float64Array;
  /** `n z + o` for every half-space, by one forward pass; z is flat, d numbers. */
  slacks(z: ArrayLike<number>): Float64Array;
  /**
   * Whether z lies in the closed region: every slack is at least -`tolerance`, which is in units of the pre-activations.
   * The default is 0, so that boundaries belong to the regions on both sides.
   */
  contains(z: ArrayLike<number>, options?: ContainsOptions): boolean;
  /**
   * The half-spaces that none of the others imply, ascending: one linear program each on the whole of `normals`, so for
   * small networks. Of equal half-spaces the last is kept.
   */
  facets(): Int32Array;
  /** Where a half-space comes from. */
  origin(index: number): HalfSpaceOrigin;
}

/** Options of `contains` of a {@link LinearRegion}. */
export interface ContainsOptions {
  /** How far a slack may be below zero, in units of the pre-activations. @defaultValue 0 */
  readonly tolerance?: number;
}

/**
 * The linear region of an input, exactly as Section 2 of arXiv 1812.05720 has it:
 *
 * `Q(x) = intersection over l, i of Gamma_{l,i}`,
 * `Gamma_{l,i} = { z : sign(f_i^(l)(x)) (V_i^(l) z + a_i^(l)) >= 0 }`,
 *
 * plus one half-space for each comparison that a max-pooling has decided. A half-space is a row of `normals` and `offsets`;
 * a unit that is constant on the region has a normal of zeros. In the interior of the region the network is
 * {@link affineMap}.
 *
 * Of a convolutional network, the offsets cost one forward pass and rows of normals one backward pass each; the whole of
 * `normals` is formed only on request, and refused then if it does not fit in 2 GB; `facets` needs it.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input, flat, d numbers. On a boundary the convention of {@link activationPattern} picks the region.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` (and later `z`) is d finite
 *   numbers; `INVALID_OPTION` for a tolerance below zero or rows that do not exist; `UNSUPPORTED_MODEL` from `normals` and
 *   `facets` of a network whose normals do not fit in memory.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { linearRegion, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const region = linearRegion(net, [0.5, -0.5]);
 * console.log(region.count, region.contains([0.5, -0.5])); // 32 true
 * console.log(region.facets()); // the edges of the polygon
 * ```
 */
export function linearRegion(net: PiecewiseAffine, x: ArrayLike<number>): LinearRegion {
  const fn = 'linearRegion';
  const point = checkVector({ fn, argument: 'x' }, net, x);
  const { pattern } = push(net, point, { count: 1, points: 1 }, decideAt);
  const parts = halfSpaces(net, pattern);
  const count = countOf(parts);
  const slacks = (z: ArrayLike<number>) => slacksAt(net, pattern, parts, checkVector({ fn, argument: 'z' }, net, z));
  let normals: Float64Array | undefined;
  const formed = () => {
    normals ??= allNormals(net, pattern, parts);
    return normals;
  };
  return {
    pattern,
    count,
    offsets: slacksAt(net, pattern, parts, new Float64Array(net.inputSize)),
    get normals() {
      return formed();
    },
    normalRows(begin, end) {
      checkRow('begin', begin, count);
      checkRow('end', end, count);
      return someNormals(net, pattern, parts, begin, Math.max(begin, end));
    },
    slacks,
    contains(z, options = {}) {
      checkKeys({ fn, argument: 'options' }, options, KEYS);
      const { tolerance = 0 } = options;
      checkNonNegative({ fn, argument: 'tolerance' }, tolerance);
      return slacks(z).every((slack) => slack >= -tolerance);
    },
    facets: () => facets(formed(), slacks(point), net.inputSize),
    origin: (index) => originOf(net, parts, index),
  };
}

const KEYS: KeysOf<ContainsOptions> = { tolerance: true };

function originOf(net: PiecewiseAffine, parts: readonly NodeHalfSpaces[], index: number): HalfSpaceOrigin {
  checkRow('index', index, countOf(parts) - 1);
  const { node, first, entries, rivals } = parts.findLast((part) => part.first <= index)!;
  const rival = rivals[index - first]!;
  return { layer: net.nodes[node]!.layer, entry: entries[index - first]!, rival: rival < 0 ? undefined : rival };
}

function checkRow(argument: string, row: number, most: number): void {
  if (!Number.isInteger(row) || row < 0 || row > most)
    refuse(
      { fn: 'linearRegion', argument },
      'INVALID_OPTION',
      `a whole number from 0 to ${most}`,
      show(row),
      'Stay within the `count` half-spaces of the region.',
    );
}

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
function facets(normals: Float64Array, slacks: Float64Array, d: number): Int32Array {
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
