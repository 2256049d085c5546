/**
 * The matrices of Winograd's minimal filtering with tiles of 6 x 6 (Lavin and Gray, "Fast algorithms for convolutional neural
 * networks", CVPR 2016), and the convolutions that the kernels of the room `wasm` compute so. The certificates need both,
 * because the rounding errors of the algorithm are of another kind than those of the plain sum.
 *
 * A filter w and a tile d of the input give the outputs `A' ((G w G') . (B' d B)) A`.
 */

/** Side of the tiles of the input. */
export const TILE = 6;

/** Points at which the polynomials of the algorithm are evaluated; the sixth is infinity. */
export const POINTS = [0, 1, -1, 2, -2] as const;

/** Channels of the input that are transformed together, and filters that are multiplied together: their numbers are multiples. */
export const [CHANNELS, FILTERS] = [4, 8] as const;

/** `1 / prod(p - q)` over the other finite points q: the scale of each finite point in the transform of the filter. */
const SCALES = [1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24] as const;

/** `B'`: a row for each point, the polynomial that is zero at all others. */
export const INPUT_MATRIX = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
] as const;

/** `G`, 6 x size: evaluates a filter of `size` values at the points. */
export function filterMatrix(size: number): number[][] {
  const powers = Array.from({ length: size }, (_, i) => i);
  return [...POINTS.map((point, p) => powers.map((i) => SCALES[p]! * point ** i)), atInfinity(size)];
}

/** `A'`, outputs x 6: the powers of the points. */
export function outputMatrix(outputs: number): number[][] {
  return atInfinity(outputs).map((last, power) => [...POINTS.map((point) => point ** power), last]);
}

/** The highest coefficient of a polynomial. */
function atInfinity(coefficients: number): number[] {
  return Array.from({ length: coefficients }, (_, i) => (i === coefficients - 1 ? 1 : 0));
}

/** Sizes that decide whether a convolution is computed so. */
export interface ConvolutionSizes {
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** How an image is cut into tiles. */
export interface Tiling {
  /** Side of the square of outputs that one tile gives. */
  readonly side: number;
  readonly tilesY: number;
  readonly tilesX: number;
}

/** The tiles of a square filter's outputs. */
export function tiling(filter: number, outHeight: number, outWidth: number): Tiling {
  const side = TILE + 1 - filter;
  return { side, tilesY: Math.ceil(outHeight / side), tilesX: Math.ceil(outWidth / side) };
}

/** Whether the algorithm can do this convolution, and does fewer products than the plain sum. */
export function suitsWinograd(sizes: ConvolutionSizes): boolean {
  const { filterHeight: size, inChannels, outChannels, outHeight, outWidth } = sizes;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = sizes;
  const supported =
    (size === 3 || size === 5) &&
    sizes.filterWidth === size &&
    [strideHeight, strideWidth, dilationHeight, dilationWidth].every((step) => step === 1) &&
    inChannels % CHANNELS === 0 &&
    outChannels % FILTERS === 0;
  if (!supported) return false;
  const { tilesY, tilesX } = tiling(size, outHeight, outWidth);
  // The transforms cost about eight products per value.
  const products = TILE * TILE * tilesY * tilesX * (inChannels * outChannels + 8 * (inChannels + outChannels));
  return products < 0.8 * size * size * outHeight * outWidth * inChannels * outChannels;
}
