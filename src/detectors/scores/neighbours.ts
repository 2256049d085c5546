import { refuse } from '../../core/check';
import { logSumExp } from './ofLogits';
import { type Parts, type RowScore, row, type Sample, unit } from './rows';

/** Directions of all features, their numbers in the order of their variance, and k. */
export function fitNeighbours(fn: string, sample: Sample, k: number): Parts {
  const { size, count } = sample;
  const directions = directionsOf(fn, sample, k);
  const variance = new Float64Array(size);
  for (let j = 0; j < size; j++) {
    let [sum, squares] = [0, 0];
    for (let at = j; at < directions.length; at += size) {
      sum += directions[at]!;
      squares += directions[at]! ** 2;
    }
    variance[j] = squares / count - (sum / count) ** 2;
  }
  const order = Float32Array.from(variance.keys()).sort((a, b) => variance[b]! - variance[a]! || a - b);
  const bank = new Float32Array(directions.length);
  for (let i = 0; i < count; i++) for (let j = 0; j < size; j++) bank[i * size + j] = directions[i * size + order[j]!]!;
  return { bank, order, k };
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
export function neighbourScore(parts: Parts, size: number): RowScore {
  const distances = distancesTo(parts, size);
  return (features) => -distances(features)[0]!;
}

/** `- mean_{i = 1..k} |u - u_(i)|`: the mean of the distances from the k nearest. */
export function meanNeighbourScore(parts: Parts, size: number): RowScore {
  const distances = distancesTo(parts, size);
  return (features) => -distances(features).reduce((a, b) => a + b) / (parts.k as number);
}

/** Numbers of which the first look at a distance is made, and by how many it goes on. */
const [FIRST, BLOCK] = [64, 128];

/**
 * The distances of a direction from the k nearest ones, the farthest first. The search is exact: the points that are nearest by their
 * first numbers tell how far the k-th nearest can be, and every other sum ends once it is larger.
 */
function distancesTo({ bank, k, order }: Parts, size: number): (features: Float64Array) => Float64Array {
  const points = bank as Float32Array;
  const count = points.length / size;
  const begun = new Float64Array(count);
  return (features) => {
    const own = unit(features);
    const u = Float64Array.from(order as Float32Array, (j) => own[j]!);
    const first = Math.min(FIRST, size);
    for (let i = 0; i < count; i++) begun[i] = squares(u, points, i * size, 0, first);
    const candidates = smallest(begun, k as number);
    const near = candidates.map((i) => begun[i]! + squares(u, points, i * size, first, size));
    // The same sums in blocks may round otherwise.
    let limit = Math.max(...near) * (1 + 1e-12);
    const best = new Float64Array(k as number).fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < count; i++) {
      let sum = begun[i]!;
      for (let j = first; j < size && sum <= limit; j += BLOCK)
        sum += squares(u, points, i * size, j, Math.min(j + BLOCK, size));
      if (!(sum <= limit && sum < best[0]!)) continue;
      let place = 1;
      for (; place < best.length && best[place]! > sum; place++) best[place - 1] = best[place]!;
      best[place - 1] = sum;
      limit = Math.min(limit, best[0]!);
    }
    return best.map((value) => Math.sqrt(value));
  };
}

/** `sum_j (u_j - p_j)^2` over a part of the numbers of the point that begins at a place. */
function squares(u: Float64Array, points: Float32Array, start: number, from: number, to: number): number {
  let [even, odd] = [0, 0];
  let j = from;
  for (; j + 1 < to; j += 2) {
    const d = u[j]! - points[start + j]!;
    const e = u[j + 1]! - points[start + j + 1]!;
    even += d * d;
    odd += e * e;
  }
  if (j < to) even += (u[j]! - points[start + j]!) ** 2;
  return even + odd;
}

/** The places of the k smallest values. */
function smallest(values: Float64Array, k: number): number[] {
  const places: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (places.length === k && !(values[i]! < values[places[0]!]!)) continue;
    if (places.length === k) places.shift();
    let at = 0;
    while (at < places.length && values[places[at]!]! > values[i]!) at++;
    places.splice(at, 0, i);
  }
  return places;
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
