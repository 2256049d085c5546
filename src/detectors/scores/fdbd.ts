import { refuse } from '../../core/check';
import { dot, type LinearHead, largest, meanRow, type Parts, type RowScore, row, type Sample } from './rows';

/** The mean of the features, and how far the weights of each two classes lie apart. */
export function fitFdbd(fn: string, { features, size, count, classes }: Sample, { weights }: LinearHead): Parts {
  const apart = new Float64Array(classes * classes);
  for (let i = 0; i < classes; i++)
    for (let j = 0; j < classes; j++) {
      const d = row(weights, i, size).map((value, at) => value - weights[j * size + at]!);
      apart[i * classes + j] = Math.sqrt(dot(d, d));
    }
  if (apart.every((length) => length === 0))
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a model whose classes have different weights',
      'one with the same weights for all',
      'Train it first.',
    );
  const all = Array.from({ length: count }, (_, i) => i);
  return { mean: meanRow(features, size, all), apart };
}

/**
 * `mean_{c != k} |z_k - z_c| / |w_k - w_c|  /  |phi - mean|`, k being the predicted class: the mean distance to the decision
 * boundaries. Classes with the weights of k have no boundary and do not count.
 */
export function fdbdScore({ mean, apart }: Parts): RowScore {
  const lengths = apart as Float64Array;
  return (features, logits) => {
    const k = largest(logits);
    let [sum, boundaries] = [0, 0];
    for (let c = 0; c < logits.length; c++) {
      const length = lengths[k * logits.length + c]!;
      if (c === k || length === 0) continue;
      sum += Math.abs(logits[k]! - logits[c]!) / length;
      boundaries++;
    }
    const d = features.map((value, j) => value - (mean as Float64Array)[j]!);
    const far = Math.sqrt(dot(d, d));
    if (boundaries === 0) return 0;
    return far === 0 ? Number.POSITIVE_INFINITY : sum / boundaries / far;
  };
}
