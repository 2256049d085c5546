import { refuse } from '../../core/check';
import type { Pausing } from '../../core/pausing';
import { principalAxes } from '../../core/principalAxes';
import { symmetricEigen } from '../../core/symmetricEigen';
import { logSumExp } from './ofLogits';
import { dot, type LinearHead, type Parts, type RowScore, row, type Sample } from './rows';

/** The origin, the principal axes around it, and how much a residual is worth in logits. */
export function* fitVim(fn: string, sample: Sample, head: LinearHead, dimensions: number | undefined): Pausing<Parts> {
  const { features, logits, size, classes, count } = sample;
  const origin = yield* originOf(head, size);
  const centred = features.map((value, i) => value - origin[i % size]!);
  const { values, vectors } = yield* principalAxes(centred, size);
  const kept = dimensions ?? Math.min(usual(size), Math.floor(values.length / 2));
  if (kept >= values.length)
    refuse(
      { fn, argument: dimensions === undefined ? 'data' : 'dimensions' },
      dimensions === undefined ? 'INVALID_ARGUMENT' : 'INVALID_OPTION',
      `examples whose features span more than ${kept} dimensions`,
      `examples that span ${values.length}`,
      'Pass more examples, or fewer `dimensions`.',
    );
  const axes = vectors.slice(0, kept * size);
  let [residuals, tops] = [0, 0];
  for (let i = 0; i < count; i++) {
    residuals += residual(row(centred, i, size), axes, size);
    tops += row(logits, i, classes).reduce((a, b) => Math.max(a, b));
  }
  return { origin, axes, alpha: tops / residuals };
}

/** `log sum exp z - alpha |residual of phi|`. */
export function vimScore({ origin, axes, alpha }: Parts, size: number): RowScore {
  const from = origin as Float64Array;
  return (features, logits) => {
    const d = features.map((value, j) => value - from[j]!);
    return logSumExp(logits) - (alpha as number) * residual(d, axes as Float64Array, size);
  };
}

/** Length of what is left of a vector without its part along orthonormal axes. */
function residual(d: Float64Array, axes: Float64Array, size: number): number {
  const rest = d.slice();
  for (let i = 0; i < axes.length / size; i++) {
    const axis = row(axes, i, size);
    const along = dot(axis, d);
    for (let j = 0; j < size; j++) rest[j]! -= along * axis[j]!;
  }
  return Math.sqrt(dot(rest, rest));
}

/** Dimensions of the principal space in the paper, by the number of features. */
function usual(size: number): number {
  return size >= 2048 ? 1000 : size >= 768 ? 512 : Math.floor(size / 2);
}

/** `- W^+ b`, the shortest of the points nearest to having all logits zero. */
function* originOf({ weights, bias }: LinearHead, size: number): Pausing<Float64Array> {
  const classes = bias.length;
  const gram = new Float64Array(classes * classes);
  for (let i = 0; i < classes; i++)
    for (let j = 0; j < classes; j++) gram[i * classes + j] = dot(row(weights, i, size), row(weights, j, size));
  const { values, vectors } = yield* symmetricEigen(gram, classes);
  // As numpy.linalg.pinv cuts singular values off, of which these are the squares; rounding can make eps of the largest of zero.
  const least = values[classes - 1]! * Number.EPSILON * classes;
  const solved = new Float64Array(classes);
  for (let i = 0; i < classes; i++) {
    if (!(values[i]! > least)) continue;
    const vector = row(vectors, i, classes);
    const part = dot(vector, bias) / values[i]!;
    for (let k = 0; k < classes; k++) solved[k]! += part * vector[k]!;
  }
  return Float64Array.from(
    { length: size },
    (_, j) => -solved.reduce((sum, s, k) => sum + s * weights[k * size + j]!, 0),
  );
}
