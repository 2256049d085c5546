import { atOnce, type Pausing } from './pausing';

/** The squared distances `|x_i - c_l|^2` of n points to m points of d entries each: n x m, row after row. */
export function squaredDistances(x: Float64Array, centres: Float64Array, d: number): Float64Array {
  return atOnce(findSquaredDistances(x, centres, d));
}

/** {@link squaredDistances}, pausing after each point. */
export function* findSquaredDistances(x: Float64Array, centres: Float64Array, d: number): Pausing<Float64Array> {
  const n = x.length / d;
  const m = centres.length / d;
  const result = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    let l = 0;
    for (; l + 4 <= m; l += 4) fourDistances(result, i * m + l, x, i * d, centres, l * d, d);
    for (; l < m; l++) {
      let sum = 0;
      for (let j = 0; j < d; j++) {
        const difference = x[i * d + j]! - centres[l * d + j]!;
        sum += difference * difference;
      }
      result[i * m + l] = sum;
    }
    yield;
  }
  return result;
}

/** The distances of the point at `p` from four centres, written from `at` on: sums that do not wait for each other. */
function fourDistances(
  result: Float64Array,
  at: number,
  x: Float64Array,
  p: number,
  centres: Float64Array,
  c: number,
  d: number,
): void {
  const [c1, c2, c3] = [c + d, c + 2 * d, c + 3 * d];
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let j = 0; j < d; j++) {
    const value = x[p + j]!;
    const d0 = value - centres[c + j]!;
    const d1 = value - centres[c1 + j]!;
    const d2 = value - centres[c2 + j]!;
    const d3 = value - centres[c3 + j]!;
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  result[at] = s0;
  result[at + 1] = s1;
  result[at + 2] = s2;
  result[at + 3] = s3;
}
