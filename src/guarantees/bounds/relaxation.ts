import { interceptOf, slopeOf } from '../../regions/pass/rounding';
import type { KinkNode, MaxNode, SwitchNode } from '../../regions/types';
import { type Interval, UNDERFLOW } from './interval';

/** For each entry of a result, a line `slopes[i] * z[entries[i]] + intercepts[i]` on one side of it; z is what the node reads. */
export interface Lines {
  readonly slopes: Float64Array;
  readonly intercepts: Float64Array;
  readonly entries: Int32Array;
}

/** Lines below and above a node that decides between affine functions, over given bounds of what it reads. */
export interface Relaxation {
  readonly below: Lines;
  readonly above: Lines;
}

/** The relaxation of a node. */
export function relaxationOf(node: SwitchNode, bounds: Interval): Relaxation {
  return node.kind === 'kink' ? kinkLines(node, bounds) : maxLines(node, bounds);
}

function noLines(size: number): Lines {
  return { slopes: new Float64Array(size), intercepts: new Float64Array(size), entries: new Int32Array(size) };
}

/**
 * Of the lines with the slope of the chord or of a piece, shifted until they touch the function, the one that is nearest to it
 * in the middle of the interval. For a ReLU over [l, u] with l < 0 < u that is the chord above, and below z or 0, whichever
 * leaves less area.
 */
function kinkLines(node: KinkNode, { lower, upper }: Interval): Relaxation {
  const [below, above] = [noLines(node.size), noLines(node.size)];
  for (let i = 0; i < node.size; i++) {
    const [low, high] = [lower[i]!, upper[i]!];
    const middle = low / 2 + high / 2;
    let [best, worst] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (const slope of candidates(node, i, low, high)) {
      const { least, most } = kinkExtremes(node, i, low, high, slope);
      if (slope * middle + least > best) {
        best = slope * middle + least;
        set(below, i, slope, least);
      }
      if (slope * middle + most < worst) {
        worst = slope * middle + most;
        set(above, i, slope, most);
      }
    }
    // Nothing finite is known where float64 has overflowed.
    if (best === Number.NEGATIVE_INFINITY) set(below, i, 0, Number.NEGATIVE_INFINITY);
    if (worst === Number.POSITIVE_INFINITY) set(above, i, 0, Number.POSITIVE_INFINITY);
    below.entries[i] = i;
    above.entries[i] = i;
  }
  return { below, above };
}

/** The slopes of the pieces that meet the interval in more than an end, or at all if it is a point, and that of the chord if there are several. */
function candidates(node: KinkNode, i: number, low: number, high: number): number[] {
  const { thresholds, pieces } = node;
  const met: number[] = [];
  for (let p = 0; p < pieces; p++) {
    const from = p === 0 ? Number.NEGATIVE_INFINITY : thresholds[p - 1]!;
    const to = p === pieces - 1 ? Number.POSITIVE_INFINITY : thresholds[p]!;
    const length = Math.min(high, to) - Math.max(low, from);
    if (length > 0 || (low === high && length === 0)) met.push(slopeOf(node, i, p));
  }
  if (met.length > 1) {
    const value = ({ least, most }: Extremes) => (least + most) / 2;
    const rise = value(kinkExtremes(node, i, high, high)) - value(kinkExtremes(node, i, low, low));
    const chord = rise / (high - low);
    if (Number.isFinite(chord)) met.push(chord);
  }
  return met;
}

/**
 * Below a maximum lies each of its members; the one with the highest middle is taken. Above, with M the largest upper bound of
 * all others, max(z, M) lies below its chord over the interval of the member z that reaches highest.
 */
function maxLines({ size, starts, members }: MaxNode, { lower, upper }: Interval): Relaxation {
  const [below, above] = [noLines(size), noLines(size)];
  for (let g = 0; g < size; g++) {
    let [low, high] = [members[starts[g]!]!, members[starts[g]!]!];
    for (let m = starts[g]! + 1; m < starts[g + 1]!; m++) {
      const entry = members[m]!;
      if (lower[entry]! + upper[entry]! > lower[low]! + upper[low]!) low = entry;
      if (upper[entry]! > upper[high]!) high = entry;
    }
    let others = Number.NEGATIVE_INFINITY;
    for (let m = starts[g]!; m < starts[g + 1]!; m++)
      if (members[m] !== high) others = Math.max(others, upper[members[m]!]!);
    set(below, g, 1, 0);
    below.entries[g] = low;
    const [slope, intercept] = chordOfMax(lower[high]!, upper[high]!, others);
    set(above, g, slope, intercept);
    above.entries[g] = high;
  }
  return { below, above };
}

/** The line above max(z, floor) for z in [low, high], high >= floor. */
function chordOfMax(low: number, high: number, floor: number): readonly [slope: number, intercept: number] {
  if (low >= floor) return [1, 0];
  const slope = (high - floor) / (high - low);
  if (!(slope >= 0) || !Number.isFinite(low)) return [0, high];
  // The function is linear but for its bend, where the line is highest above it: the ends decide.
  const ends = Math.max(floor - slope * low, high - slope * high);
  return [slope, ends + 2 ** -50 * (Math.abs(floor) + Math.abs(high) + Math.abs(low)) + UNDERFLOW];
}

function set({ slopes, intercepts }: Lines, i: number, slope: number, intercept: number): void {
  slopes[i] = slope;
  intercepts[i] = intercept;
}

/** The least and the largest value of a function, rounding counted. */
interface Extremes {
  readonly least: number;
  readonly most: number;
}

/** Four times what one subtraction, one product and one sum lose in float64. */
const ROUNDING = 2 ** -51;

/**
 * What entry i of a kink node, minus `slope * t`, is on [low, high] at least and at most. The function is linear between the
 * thresholds, so only they and the ends are looked at. Slope 0 gives the range of the node itself.
 */
export function kinkExtremes(node: KinkNode, i: number, low: number, high: number, slope = 0): Extremes {
  const { thresholds, pieces } = node;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < pieces; p++) {
    const from = p === 0 ? low : Math.max(low, thresholds[p - 1]!);
    const to = p === pieces - 1 ? high : Math.min(high, thresholds[p]!);
    if (from > to) continue;
    const steepness = slopeOf(node, i, p) - slope;
    const intercept = interceptOf(node, i, p);
    for (let end = 0; end < 2; end++) {
      const product = steepness === 0 ? 0 : steepness * (end === 0 ? from : to);
      const value = product + intercept;
      const exact = intercept === 0 && (product === 0 || Math.abs(steepness) === 1);
      const error = exact ? 0 : ROUNDING * (Math.abs(product) + Math.abs(intercept)) + UNDERFLOW;
      least = Math.min(least, value - error);
      most = Math.max(most, value + error);
    }
  }
  return { least, most };
}
