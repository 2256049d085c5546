import type { RayPiece } from '../regions/rayPieces';

/** Newton steps after which what is left is rounding. */
const MOST_STEPS = 200;

/**
 * The first t of a linear piece at which some class has log-odds `z_k - log sum_{j != k} exp z_j >= target`; undefined
 * if there is none.
 *
 * The logits are affine in t and a log of a sum of exponentials is convex, so the log-odds g of one class are concave.
 * A tangent to the left of the crossing lies above g, so it reaches the target no later than g does: Newton's iteration
 * from the start of the piece approaches the first crossing from below and never passes it. It ends without a crossing once g no
 * longer rises or the tangent leaves the piece.
 */
export function firstCrossing(piece: RayPiece, target: number): number | undefined {
  let first: number | undefined;
  for (let k = 0; k < piece.slope.length; k++) {
    const until = first ?? piece.to;
    if (!mayReach(piece, k, target, until)) continue;
    const found = approach(piece, k, target, until);
    if (found !== undefined) first = found;
  }
  return first;
}

/** The log-odds lie below every margin `z_k - z_j`, which is affine, so largest at an end: a cheap test that is seldom passed. */
function mayReach({ from, slope, intercept }: RayPiece, k: number, target: number, to: number): boolean {
  for (let j = 0; j < slope.length; j++) {
    if (j === k) continue;
    const faster = slope[k]! - slope[j]!;
    const end = faster > 0 ? to : from;
    if (faster * end + (intercept[k]! - intercept[j]!) < target) return false;
  }
  return true;
}

function approach(piece: RayPiece, k: number, target: number, to: number): number | undefined {
  let t = piece.from;
  for (let step = 0; step < MOST_STEPS; step++) {
    const { value, derivative } = logOddsAt(piece, k, t);
    if (value >= target) return t;
    if (!(derivative > 0)) return undefined;
    const next = t + (target - value) / derivative;
    if (!(next <= to)) return undefined;
    if (next === t) return t;
    t = next;
  }
  return t;
}

/** Log-odds of class k at t and their derivative, from the margins to the other classes. */
export function logOddsAt(
  { slope, intercept }: Pick<RayPiece, 'slope' | 'intercept'>,
  k: number,
  t: number,
): { readonly value: number; readonly derivative: number } {
  let least = Number.POSITIVE_INFINITY;
  for (let j = 0; j < slope.length; j++) if (j !== k) least = Math.min(least, margin(slope, intercept, k, j, t));
  let sum = 0;
  let weighted = 0;
  for (let j = 0; j < slope.length; j++) {
    if (j === k) continue;
    const weight = Math.exp(least - margin(slope, intercept, k, j, t));
    sum += weight;
    weighted += weight * (slope[k]! - slope[j]!);
  }
  return { value: least - Math.log(sum), derivative: weighted / sum };
}

function margin(slope: Float64Array, intercept: Float64Array, k: number, j: number, t: number): number {
  return (slope[k]! - slope[j]!) * t + (intercept[k]! - intercept[j]!);
}
