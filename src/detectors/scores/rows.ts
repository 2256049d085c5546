/** Features and logits of examples, as numbers. */
export interface Sample {
  /** `[count, size]`, row-major; empty where only logits are wanted. */
  readonly features: Float64Array;
  /** `[count, classes]`, row-major. */
  readonly logits: Float64Array;
  /** A class for each example: its label, or what the model takes it for. */
  readonly groups: Int32Array;
  readonly count: number;
  readonly size: number;
  readonly classes: number;
}

/** The last layer of a network, `z = W phi + b`. */
export interface LinearHead {
  /** Row k holds the weights of class k: `classes` x `size`. */
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** What was learnt from data: plain numbers and arrays. */
export type Parts = Readonly<Record<string, number | Float64Array | Float32Array>>;

/** The score of one example, of its features and logits. */
export type RowScore = (features: Float64Array, logits: Float64Array) => number;

/** Row i of a matrix. */
export function row<T extends Float64Array | Float32Array>(matrix: T, i: number, size: number): T {
  return matrix.subarray(i * size, (i + 1) * size) as T;
}

/** The scalar product of two vectors. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** `sum_j (u_j - p_j)^2` for the point that begins at a place. */
export function squares(u: Float64Array, points: Float32Array | Float64Array, start: number): number {
  let [even, odd] = [0, 0];
  let j = 0;
  for (; j + 1 < u.length; j += 2) {
    const d = u[j]! - points[start + j]!;
    const e = u[j + 1]! - points[start + j + 1]!;
    even += d * d;
    odd += e * e;
  }
  if (j < u.length) even += (u[j]! - points[start + j]!) ** 2;
  return even + odd;
}

/** A vector divided by its Euclidean length; zero stays zero. */
export function unit(vector: ArrayLike<number>): Float64Array {
  const length = Math.sqrt(dot(vector, vector));
  const result = new Float64Array(vector.length);
  if (length > 0) for (let j = 0; j < result.length; j++) result[j] = vector[j]! / length;
  return result;
}

/** The mean of all rows, or of those whose place is listed. */
export function meanRow(matrix: Float64Array, size: number, rows: readonly number[]): Float64Array {
  const mean = new Float64Array(size);
  for (const i of rows) for (let j = 0; j < size; j++) mean[j]! += matrix[i * size + j]!;
  return mean.map((value) => value / rows.length);
}

/** The rows of each class that has any, in the order of the classes. */
export function byGroup(groups: Int32Array): ReadonlyMap<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [i, group] of groups.entries()) found.set(group, [...(found.get(group) ?? []), i]);
  return new Map([...found].sort(([a], [b]) => a - b));
}

/** The logits of features by the last layer. */
export function headLogits({ weights, bias }: LinearHead, features: Float64Array): Float64Array {
  return bias.map((b, k) => b + dot(row(weights, k, features.length), features));
}

/** The place of the largest value; the first of equals. */
export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[best]!) best = k;
  return best;
}
