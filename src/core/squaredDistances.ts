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
    for (let l = 0; l < m; l++) {
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
