import type { Pausing } from './pausing';
import type { Rng } from './rng';
import { findSquaredDistances } from './squaredDistances';

/** Rounds after which Lloyd's algorithm is ended, whether or not points still change sides. */
const MOST_ROUNDS = 100;

/**
 * `count` centres of n points of d entries each: k-means++ (Arthur and Vassilvitskii 2007) for the start, then Lloyd's
 * algorithm until no point changes its centre. A centre that loses all its points stays where it is.
 */
export function* kMeans(
  x: Float64Array,
  d: number,
  count: number,
  rng: Rng,
  onRound?: () => void,
): Pausing<Float64Array> {
  const centres = yield* spreadOut(x, d, count, rng);
  let nearest: Int32Array = new Int32Array(x.length / d).fill(-1);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = yield* assign(x, centres, d);
    if (next.every((centre, i) => centre === nearest[i])) break;
    nearest = next;
    moveToMeans(x, centres, d, nearest);
    onRound?.();
  }
  return centres;
}

/** Points drawn one after the other, each with a probability proportional to its squared distance to those before. */
function* spreadOut(x: Float64Array, d: number, count: number, rng: Rng): Pausing<Float64Array> {
  const n = x.length / d;
  const centres = new Float64Array(count * d);
  const distance = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  let chosen = rng.integer(n);
  for (let c = 0; c < count; c++) {
    const centre = x.subarray(chosen * d, (chosen + 1) * d);
    centres.set(centre, c * d);
    const toCentre = yield* findSquaredDistances(x, centre, d);
    for (let i = 0; i < n; i++) distance[i] = Math.min(distance[i]!, toCentre[i]!);
    chosen = drawInProportion(distance, rng);
  }
  return centres;
}

function drawInProportion(shares: Float64Array, rng: Rng): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (total === 0) return rng.integer(shares.length);
  let left = rng.uniform() * total;
  const found = shares.findIndex((share) => {
    left -= share;
    return left < 0;
  });
  return found < 0 ? shares.findLastIndex((share) => share > 0) : found;
}

/** For every point the nearest centre, the first of equals. */
function* assign(x: Float64Array, centres: Float64Array, d: number): Pausing<Int32Array> {
  const m = centres.length / d;
  const distances = yield* findSquaredDistances(x, centres, d);
  return new Int32Array(x.length / d).map((_, i) => {
    let best = 0;
    for (let l = 1; l < m; l++) if (distances[i * m + l]! < distances[i * m + best]!) best = l;
    return best;
  });
}

function moveToMeans(x: Float64Array, centres: Float64Array, d: number, nearest: Int32Array): void {
  const members = new Int32Array(centres.length / d);
  const sums = new Float64Array(centres.length);
  for (const [i, centre] of nearest.entries()) {
    members[centre]!++;
    for (let j = 0; j < d; j++) sums[centre * d + j]! += x[i * d + j]!;
  }
  for (const [centre, count] of members.entries())
    if (count > 0) for (let j = 0; j < d; j++) centres[centre * d + j] = sums[centre * d + j]! / count;
}
