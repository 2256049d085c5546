import type { LogitGrowth } from '../growth/logitGrowth';
import { type Affine, lengthOf } from '../growth/networkGrowth';
import type { TemperatureRange } from './cooling';
import { largestConfidence } from './largestConfidence';

/**
 * An upper bound on the confidence of `f / T` within a Euclidean distance of one input, given the logits f there and the
 * range of T: of every difference of two logits the better of a local and a global bound.
 *
 * @param unit - How much the division and the sums in T can change a logit, relative to it.
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
  const slack = at(error, distance) + at(error, distance + radius);
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
