import { denseMap } from '../../regions/maps/denseMap';
import { type MapNorms, mapNorms } from '../growth/mapNorms';
import { roundoff } from '../growth/roundoff';
import { largestConfidence } from '../wrapper/largestConfidence';

/** The probit approximation divides logits by `sqrt(1 + pi / 8 variance)`. */
export const PROBIT = Math.PI / 8;

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-6;

/** What is known of the last layer and its posterior. */
export interface HeadBound {
  /** No confidence exceeds this, whatever the features are. */
  readonly confidence: number;
  /** Norms of the map from features to `L^T phi`. */
  readonly norms: MapNorms;
}

/**
 * The supremum of the confidence over all vectors of features. For two classes k and j, with w the difference of their
 * weights, `w.phi / sqrt(1 + pi/8 |L^T phi|^2) <= sqrt(8/pi) |L^-1 w|` by the inequality of Cauchy and Schwarz, and no
 * smaller number will do.
 *
 * Rounding: a logit is off by at most `u |w_k| |phi|`, and `|L^T phi|` by at most `u | |L| | |phi|`, where
 * `|phi| <= |L^-1| |L^T phi|`.
 */
export function headBound(weights: Float64Array, factor: Float64Array, classes: number): HeadBound {
  const size = weights.length / classes;
  const norms = mapNorms(denseMap(factor, size, size));
  const inverse = mapNorms(denseMap(inverseOf(factor, size), size, size)).spectral;
  const unit = roundoff(size + 10);
  const shrunk = 1 - unit * (1 + norms.absolute * inverse);
  const columns = Array.from({ length: classes }, (_, k) =>
    Float64Array.from({ length: size }, (_, i) => weights[i * classes + k]!),
  );
  const differences = new Float64Array(classes * classes);
  for (const [k, mine] of columns.entries())
    for (const [j, other] of columns.entries()) {
      const exact = length(
        solved(
          factor,
          mine.map((value, i) => value - other[i]!),
        ),
      );
      const rounded = exact + unit * inverse * (length(mine) + length(other));
      differences[k * classes + j] = shrunk > 0 ? (ROUNDING * rounded) / (shrunk * Math.sqrt(PROBIT)) : Infinity;
    }
  return { confidence: largestConfidence(differences, classes), norms };
}

/** `L^-1 b` for a lower triangular L. */
function solved(factor: Float64Array, b: Float64Array): Float64Array {
  const size = b.length;
  const y = b.slice();
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) y[i]! -= factor[i * size + j]! * y[j]!;
    y[i]! /= factor[i * size + i]!;
  }
  return y;
}

/** The inverse of a lower triangular matrix, transposed. */
function inverseOf(factor: Float64Array, size: number): Float64Array {
  const rows = Array.from({ length: size }, (_, i) => {
    const unit = new Float64Array(size);
    unit[i] = 1;
    return solved(factor, unit);
  });
  return Float64Array.from({ length: size * size }, (_, index) => rows[Math.floor(index / size)]![index % size]!);
}

function length(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
