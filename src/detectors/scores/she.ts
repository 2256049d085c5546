import { byGroup, dot, largest, meanRow, type Parts, type RowScore, row, type Sample } from './rows';

/** For each class the mean of the features of the examples that the model gets right; NaN where there are none. */
export function fitShe({ features, logits, groups, size, classes }: Sample): Parts {
  const patterns = new Float64Array(classes * size).fill(Number.NaN);
  for (const [k, rows] of byGroup(groups)) {
    const right = rows.filter((i) => largest(row(logits, i, classes)) === k);
    if (right.length > 0) patterns.set(meanRow(features, size, right), k * size);
  }
  return { patterns };
}

/** `phi . S_k`, S_k being the pattern of the predicted class; -Infinity for a class that the data have no example of. */
export function sheScore({ patterns }: Parts, size: number): RowScore {
  return (features, logits) => {
    const pattern = row(patterns as Float64Array, largest(logits), size);
    return Number.isNaN(pattern[0]) ? Number.NEGATIVE_INFINITY : dot(features, pattern);
  };
}
