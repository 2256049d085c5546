import { refuse } from '../../core/check';
import { logSumExp } from './ofLogits';
import type { Look } from './rounded';
import { type Parts, type RowScore, row, type Sample, squares, unit } from './rows';

/** Directions of all features, and k. */
export function fitNeighbours(fn: string, sample: Sample, k: number): Parts {
  return { bank: directionsOf(fn, sample, k), k };
}

function directionsOf(fn: string, { features, size, count }: Sample, k: number): Float32Array {
  if (k > count)
    refuse(
      { fn, argument: 'k' },
      'INVALID_OPTION',
      `at most the ${count} examples of the data`,
      String(k),
      'Pass more examples, or a smaller k.',
    );
  const directions = new Float32Array(features.length);
  for (let i = 0; i < count; i++) directions.set(unit(row(features, i, size)), i * size);
  return directions;
}

/** `- |u - u_(k)|`: the distance of the direction of the features from the k-th nearest one of the data. */
export function neighbourScore(parts: Parts, size: number, look?: Look): RowScore {
  const distances = distancesTo(parts, size, look);
  return (features) => -distances(features)[0]!;
}

/** `- mean_{i = 1..k} |u - u_(i)|`: the mean of the distances from the k nearest. */
export function meanNeighbourScore(parts: Parts, size: number, look?: Look): RowScore {
  const distances = distancesTo(parts, size, look);
  return (features) => -distances(features).reduce((a, b) => a + b) / (parts.k as number);
}

/** With fewer numbers than this all distances are computed, which takes about a millisecond. */
const MANY = 2 ** 20;

/**
 * The distances of a direction from the k nearest ones, the farthest first. The search is exact: where there are many, a quick look bounds
 * all of them, and those that may be among the nearest are computed.
 */
function distancesTo({ bank, k }: Parts, size: number, look?: Look): (features: Float64Array) => Float64Array {
  const points = bank as Float32Array;
  const boundsOf = points.length < MANY ? undefined : look?.(points, size);
  const nearest = (closeness: (i: number) => number) => largestOf(points.length / size, k as number, closeness);
  return (features) => {
    const u = unit(features);
    const bounds = boundsOf?.(u);
    const limit = bounds === undefined ? 0 : -nearest((i) => -bounds.upper[i]!)[0]!;
    const found = nearest((i) => (bounds && bounds.lower[i]! > limit ? -Infinity : -squares(u, points, i * size)));
    return found.map((value) => Math.sqrt(-value));
  };
}

/** Directions of the features of the data, each as long as its energy. */
export function fitGuidance(fn: string, sample: Sample, k: number): Parts {
  const { count, size, logits, classes } = sample;
  const guides = directionsOf(fn, sample, k);
  for (let i = 0; i < count; i++) {
    const energy = logSumExp(row(logits, i, classes));
    for (let j = 0; j < size; j++) guides[i * size + j]! *= energy;
  }
  return { bank: guides, k };
}

/** `e(z) mean_{i = 1..k} (u . e_i u_i)_(i)`, the mean of the k largest, with e the energy. */
export function guidanceScore({ bank, k }: Parts, size: number): RowScore {
  const guides = bank as Float32Array;
  return (features, logits) => {
    const u = unit(features);
    const best = largestOf(guides.length / size, k as number, (i) => {
      let sum = 0;
      for (let j = 0, at = i * size; j < size; j++, at++) sum += u[j]! * guides[at]!;
      return sum;
    });
    return (logSumExp(logits) * best.reduce((a, b) => a + b)) / best.length;
  };
}

/** The k largest of `count` values, ascending. */
function largestOf(count: number, k: number, value: (i: number) => number): Float64Array {
  const best = new Float64Array(k).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < count; i++) {
    const found = value(i);
    if (!(found > best[0]!)) continue;
    let place = 1;
    for (; place < k && best[place]! < found; place++) best[place - 1] = best[place]!;
    best[place - 1] = found;
  }
  return best;
}
