import { logSumExp } from './ofLogits';
import { headLogits, type LinearHead, type Parts, type RowScore, type Sample } from './rows';

/** The height that features are cut off at: the quantile of all of them together (definition R-7). */
export function fitReact({ features }: Sample, { weights, bias }: LinearHead, percentile: number): Parts {
  const sorted = features.slice().sort();
  const place = ((sorted.length - 1) * percentile) / 100;
  const low = Math.floor(place);
  const next = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return { limit: sorted[low]! + (place - low) * (next - sorted[low]!), weights, bias };
}

/** The energy of the logits of `min(phi, limit)`. */
export function reactScore(parts: Parts): RowScore {
  const limit = parts.limit as number;
  return energyOf(parts, (features) => features.map((value) => Math.min(value, limit)));
}

/** Nothing is learnt from the data but the last layer. */
export function fitShaping({ weights, bias }: LinearHead, percentile: number): Parts {
  return { percentile, weights, bias };
}

/** The energy of the logits of `phi e^(s1 / s2)`, all but the largest features set to zero; s1, s2: the sum before and after. */
export function ashScore(parts: Parts): RowScore {
  return energyOf(parts, (features) => {
    const { rise, least } = riseOf(features, parts.percentile as number);
    let left = least.count;
    return features.map((value) => {
      if (value > least.value) return value * rise;
      if (value < least.value || left === 0) return 0;
      left--;
      return value * rise;
    });
  });
}

/** The energy of the logits of `phi e^(s1 / s2)`, s1 the sum of all features and s2 that of the largest. */
export function scaleScore(parts: Parts): RowScore {
  return energyOf(parts, (features) => {
    const { rise } = riseOf(features, parts.percentile as number);
    return features.map((value) => value * rise);
  });
}

function energyOf({ weights, bias }: Parts, shape: (features: Float64Array) => Float64Array): RowScore {
  const head = { weights: weights as Float64Array, bias: bias as Float64Array };
  return (features) => logSumExp(headLogits(head, shape(features)));
}

/** The largest exponent of a factor: where features that may be negative nearly cancel out, s1 / s2 has no end, and numbers have. */
export const LARGEST_RISE = 60;

/** The factor, and the least of the features that are kept with how many of that value are. Features that sum to zero stay as they are. */
function riseOf(features: Float64Array, percentile: number) {
  const sorted = features.slice().sort().reverse();
  const kept = features.length - Math.round((features.length * percentile) / 100);
  const sum = sorted.reduce((a, b) => a + b, 0);
  const keptSum = sorted.subarray(0, kept).reduce((a, b) => a + b, 0);
  const value = kept > 0 ? sorted[kept - 1]! : Number.POSITIVE_INFINITY;
  const above = sorted.subarray(0, kept).filter((one) => one > value).length;
  return {
    rise: keptSum === 0 ? 1 : Math.exp(Math.min(sum / keptSum, LARGEST_RISE)),
    least: { value, count: kept - above },
  };
}
