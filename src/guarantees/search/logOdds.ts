import type { Interval } from '../bounds/interval';
import { gradientAt, stageValues, type UnitChain } from './unitChain';

/** The log-odds of class k, `-log sum_{j != k} exp(z_j - z_k)`, and the share of each other class in the sum. */
export function logOdds(
  logits: ArrayLike<number>,
  k: number,
): { readonly value: number; readonly weights: Float64Array } {
  let most = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < logits.length; j++) if (j !== k) most = Math.max(most, logits[j]!);
  const weights = Float64Array.from(logits, (value, j) => (j === k ? 0 : Math.exp(value - most)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return { value: logits[k]! - most - Math.log(sum), weights: weights.map((weight) => weight / sum) };
}

/** Steps of a climb at the most, and the shortest of them. */
const [STEPS, SHORTEST] = [20, 1e-3];

/** Moves a point of a box towards the corner that the gradient of the log-odds points to, for as long as that leads upwards. */
export function climb(chain: UnitChain, { lower, upper }: Interval, from: Float64Array, k: number) {
  let [point, values] = [from, stageValues(chain, from)];
  let odds = logOdds(values.at(-1)!, k);
  for (let step = 0; step < STEPS; step++) {
    const form = odds.weights.map((weight) => -weight);
    form[k] = 1;
    const gradient = gradientAt(chain, values, form);
    let before = odds.value;
    for (let share = 1; share > SHORTEST && odds.value === before; share /= 2) {
      const next = point.map((value, i) => {
        const corner = gradient[i]! > 0 ? upper[i]! : gradient[i]! < 0 ? lower[i]! : value;
        return Math.min(upper[i]!, Math.max(lower[i]!, value + share * (corner - value)));
      });
      const there = stageValues(chain, next);
      const oddsThere = logOdds(there.at(-1)!, k);
      if (oddsThere.value > before + 1e-12) [point, values, odds] = [next, there, oddsThere];
    }
    if (odds.value === before) break;
    before = odds.value;
  }
  return { point, value: odds.value };
}
