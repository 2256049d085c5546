import { filterMatrix, INPUT_MATRIX, outputMatrix, suitsWinograd, TILE, tiling } from '../../core/winograd';
import type { AffineNode, Convolution, LinearMap } from '../../regions/types';

/** Half the distance from 1 to the next float32. */
const UNIT = 2 ** -24;

/** How much less exact a backend may be than sums of products: approximate divisions and roots. */
const MARGIN = 4;

/**
 * Twice the smallest normal float32: more than what an operation can lose, beyond its share of {@link roundoff}, on a backend
 * that reads and writes zeros for all numbers below that one, as GPUs may do.
 */
export const FLUSHED = 2 ** -125;

/**
 * The same before a division by the deviation of a batch normalisation, and after its product with one: in float32 both are
 * less than 2^64.
 */
export const FLUSHED_DIVIDED = FLUSHED * 2 ** 64;

/** Numbers up to this size overflow in no float32 backend, whatever is added up in between. */
export const LARGEST = 2 ** 120;

/**
 * A bound on the relative error of a sum of `terms` products in float32, in whatever order they are added, with a margin
 * of four for divisions.
 */
export function roundoff(terms: number): number {
  return MARGIN * (terms + 4) * UNIT;
}

/** What one entry of a layer goes through besides its sum, in roundings: the approximate root and division of a batch normalisation. */
const BESIDE = 24;

/**
 * A bound on the relative error of an entry of `A v + b` that sums so many products, in whatever order: `n u / (1 - n u)` for n
 * roundings one after the other. Products and sums are rounded to nearest on all backends.
 */
export function roundoffOfSum(terms: number): number {
  return gamma(terms + BESIDE);
}

/** `n u / (1 - n u)`: what n roundings to nearest one after the other add up to (Higham, Accuracy and stability, section 3). */
export function gamma(n: number): number {
  const share = n * UNIT;
  return share < 0.5 ? share / (1 - share) : Number.POSITIVE_INFINITY;
}

/** What a sum of products of weights with entries up to `largest` loses where weights, products and sums are too small for float32. */
export function flushedSum(terms: number, largest: number): number {
  return FLUSHED * (terms * (largest + 2) + 3);
}

/** How far each shift of a batch normalisation may be off because its scale, a factor of it, is too small for float32. */
export function flushedShifts({ map, offsetSizes, size }: AffineNode): Float64Array {
  const lost = new Float64Array(size);
  if (offsetSizes === undefined) return lost;
  map.absolute().addTo(lost, new Float64Array(map.inputSize).fill(1), 1);
  return lost.map((scale, i) => (scale < FLUSHED ? offsetSizes[i % offsetSizes.length]! : 0));
}

/**
 * What a convolution may lose where it is computed with fewer products, by Winograd's algorithm as in the kernels that
 * `enableWasmTraining` registers.
 *
 * Instead of the sum `w * v` they compute `A' (sum_c U_c . V_c) A` with `U_c = G w_c G'` and `V_c = B' v_c B` for every tile v of 6 x 6 entries.
 * With gamma(n) for n roundings one after the other, U is off by `gamma(10) |G| |w| |G'| =: dU` and V by `gamma(6) |B'| |v| |B| =: dV`, so that
 *
 *     |error| <= |A'| (sum_c (|U| + dU) . dV + dU . (|V| + dV) + gamma(channels + 10) (|U| + dU) . (|V| + dV)) |A|.
 *
 * That is large in the whole tile of a large entry, also where no entry of the window is large.
 */
export interface FastConvolution {
  /** Bound on the length of the error, divided by that of v. */
  readonly norm: number;
  /** No number on the way is larger than the length of v times this, or than `largestWeight`. */
  readonly growth: number;
  readonly largestWeight: number;
  /** What numbers too small for float32 add to an error at most, if no entry of v is larger than `largest`. */
  flushed(largest: number): number;
  /**
   * Bounds on the errors for every v whose entries are within `radius` of `centre`, and a number that nothing on the way
   * exceeds.
   */
  errors(centre: Float64Array, radius: Float64Array): { readonly errors: Float64Array; readonly peak: number };
}

/** Roundings in G on both sides (3 or 5 terms), in B and in A on both sides, each with more than enough for the errors of errors. */
const [IN_FILTER, IN_INPUT, IN_OUTPUT] = [gamma(11), gamma(7), 12] as const;

/** The largest row sum of |B'| (10), squared; and what the products make of an error of 1 in each of their steps, at most. */
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
  const { kernel, rows, channels } = convolution;
  const g = filterMatrix(rows.window);
  const lost = transformed(absolute(g), { ...convolution, kernel: kernel.map(Math.abs) }).map(
    (size) => IN_FILTER * size,
  );
  const weights = transformed(g, convolution).map((value, i) => Math.abs(value) + lost[i]!);
  const largestWeight = lost.reduce((a, b) => Math.max(a, b), 0) / IN_FILTER;
  const unit = gamma(channels + IN_OUTPUT);
  const sums = weights.map((weight, i) => (unit * (1 + IN_INPUT) + IN_INPUT) * weight + (1 + IN_INPUT) * lost[i]!);
  const norm = ROUNDING * normOf(convolution, sums, TILE + 1 - rows.window);
  return {
    norm,
    growth: Math.max(GROWTH_IN, norm / unit),
    largestWeight,
    flushed: (largest) => FLUSHED * STEPS * channels * (1 + largestWeight + GROWTH_IN * largest),
    errors(centre, radius) {
      const errors = errorsOf(convolution, { weights, lost, unit }, centre, radius);
      const entry = radius.reduce((most, r, i) => Math.max(most, Math.abs(centre[i]!) + r), 0);
      const peak = errors.reduce((most, error) => Math.max(most, error / unit), GROWTH_IN * entry);
      return { errors, peak: Math.max(peak, largestWeight) };
    },
  };
}

/** Rows of {@link TILE} entries or fewer. */
type Matrix = readonly (readonly number[])[];

const absolute = (matrix: Matrix): Matrix => matrix.map((row) => row.map(Math.abs));
const B = absolute(INPUT_MATRIX);

/** `G w G'`, [6 x 6 points, channels, filters]. */
function transformed(g: Matrix, { kernel, rows, channels, filters }: Convolution): Float64Array {
  const count = channels * filters;
  const result = new Float64Array(TILE * TILE * count);
  for (const [p, down] of g.entries())
    for (const [q, across] of g.entries())
      for (const [y, a] of down.entries())
        for (const [x, b] of across.entries()) {
          const [to, from] = [(p * TILE + q) * count, (y * rows.window + x) * count];
          if (a * b !== 0) for (let i = 0; i < count; i++) result[to + i]! += a * b * kernel[from + i]!;
        }
  return result;
}

/** The filters in their transform: largest sizes with what is lost, and that alone; and the unit of a sum over the channels. */
interface Filters {
  readonly weights: Float64Array;
  readonly lost: Float64Array;
  readonly unit: number;
}

function errorsOf(
  { rows, columns, channels, filters }: Convolution,
  { weights, lost, unit }: Filters,
  centre: Float64Array,
  radius: Float64Array,
): Float64Array {
  const { side, tilesY, tilesX } = tiling(rows.window, rows.output, columns.output);
  const a = absolute(outputMatrix(side));
  const result = new Float64Array(rows.output * columns.output * filters);
  for (let ty = 0; ty < tilesY; ty++)
    for (let tx = 0; tx < tilesX; tx++) {
      const products = new Float64Array(TILE * TILE * filters);
      for (let channel = 0; channel < channels; channel++) {
        const middle = new Float64Array(TILE * TILE);
        const spread = new Float64Array(TILE * TILE);
        for (let y = 0; y < TILE; y++)
          for (let x = 0; x < TILE; x++) {
            const [iy, ix] = [ty * side + y - rows.before, tx * side + x - columns.before];
            if (iy < 0 || ix < 0 || iy >= rows.input || ix >= columns.input) continue;
            const from = (iy * columns.input + ix) * channels + channel;
            middle[y * TILE + x] = centre[from]!;
            // What float64 loses in B is counted with it.
            spread[y * TILE + x] = radius[from]! + 2 ** -45 * Math.abs(centre[from]!);
          }
        const inputs = bothSides(INPUT_MATRIX, middle, TILE, 1).map(Math.abs);
        const spreads = bothSides(B, spread, TILE, 1);
        const sizes = bothSides(B, middle.map(Math.abs), TILE, 1);
        for (const [p, input] of inputs.entries()) {
          const off = IN_INPUT * (sizes[p]! + spreads[p]!);
          const most = input + spreads[p]! + off;
          if (most === 0) continue;
          const [factor, from] = [unit * most + off, (p * channels + channel) * filters];
          for (let f = 0; f < filters; f++)
            products[p * filters + f]! += factor * weights[from + f]! + most * lost[from + f]!;
        }
      }
      const outputs = bothSides(a, products, TILE, filters);
      for (let y = 0; y < Math.min(side, rows.output - ty * side); y++)
        for (let x = 0; x < Math.min(side, columns.output - tx * side); x++) {
          const to = ((ty * side + y) * columns.output + tx * side + x) * filters;
          result.set(outputs.subarray((y * side + x) * filters, (y * side + x + 1) * filters), to);
        }
    }
  return result;
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
 * An upper bound on the spectral norm of the map `v -> |A'| (sum_c weights_c . |B'| v_c |B|) |A|`: `sqrt(overlap) sqrt(|T|_1 |T|_inf)`, T being
 * the map of one tile. Tiles of outputs do not overlap, and an entry of v is in at most `overlap` tiles of the input.
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
