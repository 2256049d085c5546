import type { LogitGrowth } from '../growth/logitGrowth';
import { type Affine, lengthOf } from '../growth/networkGrowth';

/** The least and the largest value of a temperature over a ball. */
export interface TemperatureRange {
  readonly least: number;
  readonly largest: number;
}

/** Half the distance from 1 to the next float32: what rounding a logit to float32 changes it by, relative to its size. */
const HALF_ULP = 2 ** -24;

/**
 * An upper bound on the confidence of `f / T` within a Euclidean distance of one input, given the logits f there and the
 * range of T: of every difference of two logits the better of a local and a global bound.
 *
 * Rounding: the logits are in float32 here and wherever in the ball, each off by half a unit in the last place, which is
 * counted besides the `error` of the growth. What the division rounds is relative to the differences, since
 * {@link belowLargest} has taken the largest logit off before.
 *
 * @param unit - How much the division and the sums in T can change a difference of logits, relative to it.
 */
export function rowBound(
  logits: Float32Array,
  { pairs, range, error }: LogitGrowth,
  displacement: Float64Array,
  radius: number,
  temperature: TemperatureRange,
  unit: number,
): number {
  const distance = lengthOf(displacement);
  const at = ({ atCentre, perUnit }: Affine, r: number) => atCentre + perUnit * r;
  const size = logits.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const steepest = pairs.reduce((a, b) => Math.max(a, b), 0);
  const last = 2 * HALF_ULP * (2 * size + steepest * radius);
  const slack = at(error, distance) + at(error, distance + radius) + last;
  const overall = at(range, distance + radius);
  const differences = pairs.map((pair, index) => {
    const [k, j] = [Math.floor(index / logits.length), index % logits.length];
    const near = logits[k]! - logits[j]! + pair * radius + slack;
    const most = Math.min(near, overall);
    const cooled = most / (most > 0 ? temperature.least : temperature.largest);
    return cooled + unit * Math.abs(cooled);
  });
  return largestConfidence(differences, logits.length);
}

/** Far more than what float64 loses in the sum, and what float32 does to differences below its smallest normal number. */
const ROUNDING = 1 + 1e-12;

/**
 * The largest confidence that upper bounds on differences of logits allow: with `z_k - z_j <= u_kj`,
 * `p_k = 1 / (1 + sum_{j != k} exp(z_j - z_k)) <= 1 / (1 + sum_{j != k} exp(-u_kj))`.
 *
 * @param differences - u, K x K; the diagonal is not read.
 */
export function largestConfidence(differences: ArrayLike<number>, classes: number): number {
  let largest = 0;
  for (let k = 0; k < classes; k++) {
    let sum = 1;
    for (let j = 0; j < classes; j++) if (j !== k) sum += Math.exp(-differences[k * classes + j]!);
    largest = Math.max(largest, ROUNDING / sum);
  }
  return Math.min(1, largest);
}
