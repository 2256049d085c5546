import { filterMatrix, INPUT_MATRIX, outputMatrix, suitsWinograd, TILE, tiling } from '../../core/winograd';
import type { Convolution, LinearMap } from '../../regions/types';
import { exactRoundoff, FLUSHED } from './roundoff';

/**
 * What a convolution may lose where it is computed with fewer products, by Winograd's algorithm as in the kernels that
 * `enableWasmTraining` registers.
 *
 * Instead of the sum `w * v` they compute `A' (sum_c (G w_c G') . (B' v_c B)) A` for every tile of 6 x 6 entries. Each of the
 * three transforms is two products with a matrix, so that with matrices of absolute values
 *
 *     |error| <= gamma |A'| (sum_c (|G| |w_c| |G'|) . (|B'| |v_c| |B|)) |A| =: gamma S |v|,
 *
 * gamma being `n u / (1 - n u)` for n roundings one after the other (Higham, Accuracy and stability of numerical algorithms, section 3).
 * S |v| is large in the whole tile of a large entry, also where no entry of the window is large.
 */
export interface FastConvolution {
  /** gamma, a sum with a bias included. */
  readonly unit: number;
  /** An upper bound on the spectral norm of S. */
  readonly norm: number;
  /** No number on the way is larger than the largest entry of v times this, or than an entry of S v or of the filters. */
  readonly growth: number;
  /** `|G| |w| |G'|` at most. */
  readonly largestWeight: number;
  /** What numbers too small for float32 add to an error at most, if no entry of v is larger than `largest`. */
  flushed(largest: number): number;
  /** S v for v >= 0, and everything else about v. */
  at(v: Float64Array, largest: number): FastErrors;
}

/** What is lost for a given input. */
export interface FastErrors {
  readonly unit: number;
  readonly sizes: Float64Array;
  readonly peak: number;
  readonly flushed: number;
}

/** Roundings of one entry besides those of the sum over the channels: 2 x 3 in B, 2 x 6 in G, 2 x 5 in A, the bias, and float64. */
const ROUNDINGS = 30;

/** Row sums of |B'| (10) and |A'| (19), squared, and what a product with them makes of an error of 1 in each of their steps. */
const [GROWTH_IN, STEPS] = [100, 2 ** 16];

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

const known = new WeakMap<LinearMap, FastConvolution | undefined>();

/** How a map may be computed with fewer products; undefined if it is not. */
export function fastConvolution(map: LinearMap): FastConvolution | undefined {
  if (!known.has(map)) known.set(map, map.convolution && suits(map.convolution) ? made(map.convolution) : undefined);
  return known.get(map);
}

function suits({ rows, columns, channels, filters }: Convolution): boolean {
  return suitsWinograd({
    filterHeight: rows.window,
    filterWidth: columns.window,
    strideHeight: rows.stride,
    strideWidth: columns.stride,
    dilationHeight: rows.dilation,
    dilationWidth: columns.dilation,
    inChannels: channels,
    outChannels: filters,
    outHeight: rows.output,
    outWidth: columns.output,
  });
}

function made(convolution: Convolution): FastConvolution {
  const { rows, channels } = convolution;
  const weights = filterSizes(convolution);
  const largestWeight = weights.reduce((a, b) => Math.max(a, b), 0);
  const unit = exactRoundoff(channels + ROUNDINGS);
  const flushed = (largest: number) => FLUSHED * STEPS * channels * (1 + largestWeight + GROWTH_IN * largest);
  return {
    unit,
    norm: ROUNDING * normOf(convolution, weights, TILE + 1 - rows.window),
    growth: GROWTH_IN,
    largestWeight,
    flushed,
    at(v, largest) {
      const sizes = sizesOf(convolution, weights, v);
      const peak = sizes.reduce((a, b) => Math.max(a, b), Math.max(GROWTH_IN * largest, largestWeight));
      return { unit, sizes, peak, flushed: flushed(largest) };
    },
  };
}

/** Matrices of absolute values, in rows of {@link TILE} entries or fewer. */
type Matrix = readonly (readonly number[])[];

const absolute = (matrix: Matrix): Matrix => matrix.map((row) => row.map(Math.abs));
const B = absolute(INPUT_MATRIX);

/** `|G| |w| |G'|`, [6 x 6 points, channels, filters]. */
function filterSizes({ kernel, rows, channels, filters }: Convolution): Float64Array {
  const g = absolute(filterMatrix(rows.window));
  const count = channels * filters;
  const result = new Float64Array(TILE * TILE * count);
  for (const [p, down] of g.entries())
    for (const [q, across] of g.entries())
      for (const [y, a] of down.entries())
        for (const [x, b] of across.entries()) {
          const [to, from] = [(p * TILE + q) * count, (y * rows.window + x) * count];
          if (a * b !== 0) for (let i = 0; i < count; i++) result[to + i]! += a * b * Math.abs(kernel[from + i]!);
        }
  return result;
}

function sizesOf(
  { rows, columns, channels, filters }: Convolution,
  weights: Float64Array,
  v: Float64Array,
): Float64Array {
  const { side, tilesY, tilesX } = tiling(rows.window, rows.output, columns.output);
  const a = absolute(outputMatrix(side));
  const sizes = new Float64Array(rows.output * columns.output * filters);
  for (let ty = 0; ty < tilesY; ty++)
    for (let tx = 0; tx < tilesX; tx++) {
      const products = new Float64Array(TILE * TILE * filters);
      for (let channel = 0; channel < channels; channel++) {
        const tile = new Float64Array(TILE * TILE);
        for (let y = 0; y < TILE; y++)
          for (let x = 0; x < TILE; x++) {
            const [iy, ix] = [ty * side + y - rows.before, tx * side + x - columns.before];
            if (iy < 0 || ix < 0 || iy >= rows.input || ix >= columns.input) continue;
            tile[y * TILE + x] = v[(iy * columns.input + ix) * channels + channel]!;
          }
        const transformed = bothSides(B, tile, TILE, 1);
        for (const [p, factor] of transformed.entries()) {
          if (factor === 0) continue;
          const from = (p * channels + channel) * filters;
          for (let f = 0; f < filters; f++) products[p * filters + f]! += factor * weights[from + f]!;
        }
      }
      const outputs = bothSides(a, products, TILE, filters);
      for (let y = 0; y < Math.min(side, rows.output - ty * side); y++)
        for (let x = 0; x < Math.min(side, columns.output - tx * side); x++) {
          const to = ((ty * side + y) * columns.output + tx * side + x) * filters;
          sizes.set(outputs.subarray((y * side + x) * filters, (y * side + x + 1) * filters), to);
        }
    }
  return sizes;
}

/** `M X M'` for X of size x size, each entry `depth` numbers. */
function bothSides(matrix: Matrix, x: Float64Array, size: number, depth: number): Float64Array {
  const down = product(matrix, x, size, depth * size);
  // Once more along the rows, one row of the result at a time.
  const result = new Float64Array(matrix.length * matrix.length * depth);
  for (let row = 0; row < matrix.length; row++)
    result.set(product(matrix, down.subarray(row * size * depth), size, depth), row * matrix.length * depth);
  return result;
}

/** `M X` for X of size x depth. */
function product(matrix: Matrix, x: Float64Array, size: number, depth: number): Float64Array {
  const result = new Float64Array(matrix.length * depth);
  for (const [i, row] of matrix.entries())
    for (let j = 0; j < size; j++)
      if (row[j] !== 0) for (let d = 0; d < depth; d++) result[i * depth + d]! += row[j]! * x[j * depth + d]!;
  return result;
}

/**
 * `|S| <= sqrt(overlap) sqrt(|T|_1 |T|_inf)`, T being the map of one tile: tiles of outputs do not overlap, and an entry of v is
 * in at most `overlap` tiles of the input.
 */
function normOf({ channels, filters }: Convolution, weights: Float64Array, side: number): number {
  const a = absolute(outputMatrix(side));
  const sums = (matrix: Matrix, along: 'rows' | 'columns') =>
    along === 'rows'
      ? matrix.map((row) => row.reduce((sum, value) => sum + value, 0))
      : matrix[0]!.map((_, j) => matrix.reduce((sum, row) => sum + row[j]!, 0));
  const [inputSums, outputSums] = [sums(B, 'rows'), sums(a, 'columns')];
  const rowSums = new Float64Array(side * side * filters);
  const columnSums = new Float64Array(TILE * TILE * channels);
  for (let p = 0; p < TILE; p++)
    for (let q = 0; q < TILE; q++)
      for (let channel = 0; channel < channels; channel++) {
        const from = ((p * TILE + q) * channels + channel) * filters;
        let sum = 0;
        for (let f = 0; f < filters; f++) {
          sum += weights[from + f]!;
          const seen = inputSums[p]! * inputSums[q]! * weights[from + f]!;
          for (let y = 0; y < side; y++)
            for (let x = 0; x < side; x++) rowSums[(y * side + x) * filters + f]! += a[y]![p]! * a[x]![q]! * seen;
        }
        sum *= outputSums[p]! * outputSums[q]!;
        for (let y = 0; y < TILE; y++)
          for (let x = 0; x < TILE; x++)
            columnSums[(y * TILE + x) * channels + channel]! += B[p]![y]! * B[q]![x]! * sum;
      }
  const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, value), 0);
  return Math.ceil(TILE / side) * Math.sqrt(largest(rowSums) * largest(columnSums));
}
