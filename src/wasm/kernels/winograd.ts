import type * as tf from '@tensorflow/tfjs-core';
import { floats, type WasmBackend } from '../backend';
import { PANEL } from '../simd/multiplySource';
import type { Simd } from '../simd/simd';
import { TILE } from '../simd/winogradSource';
import type { Geometry } from './geometry';

/** Bytes of a float32. */
const FLOAT = 4;
/** Transformed values of a tile of one channel. */
const POINTS = TILE * TILE;
/** Tiles worked on at a time: enough for long products, few enough for the second-level cache. */
const TILES_AT_A_TIME = 96;

/** How an image is cut into tiles. */
interface Tiling {
  /** Side of the square of outputs that one tile gives. */
  readonly side: number;
  readonly tilesY: number;
  readonly tilesX: number;
}

function tiling(g: Geometry): Tiling {
  const side = TILE + 1 - g.filterHeight;
  return { side, tilesY: Math.ceil(g.outHeight / side), tilesX: Math.ceil(g.outWidth / side) };
}

/** Whether {@link winograd} can do this convolution, and does fewer products than the plain sum. */
export function suitsWinograd(g: Geometry): boolean {
  const { filterHeight: size, inChannels, outChannels } = g;
  const supported =
    (size === 3 || size === 5) &&
    g.filterWidth === size &&
    [g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth].every((step) => step === 1) &&
    inChannels % 4 === 0 &&
    outChannels % PANEL === 0;
  if (!supported) return false;
  const { tilesY, tilesX } = tiling(g);
  // The transforms cost about eight products per value.
  const products = POINTS * tilesY * tilesX * (inChannels * outChannels + 8 * (inChannels + outChannels));
  return products < 0.8 * size * size * g.outHeight * g.outWidth * inChannels * outChannels;
}

/**
 * A convolution by Winograd's minimal filtering: tiles of 6 x 6 input values are transformed, multiplied with the
 * transformed filter channel by channel, and transformed back to 4 x 4 (filter 3 x 3) or 2 x 2 (filter 5 x 5) outputs:
 * 36 products where the plain sum takes 144 or 100. Its rounding errors are larger, some 5e-6 of the largest output.
 *
 * Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
 *
 * @param weights - The filter as `winogradWeights` transforms it.
 */
export function winograd(
  backend: WasmBackend,
  vectors: Simd,
  x: tf.TensorInfo,
  weights: Float32Array,
  g: Geometry,
): tf.TensorInfo {
  const { inChannels, outChannels } = g;
  const { side, tilesY, tilesX } = tiling(g);
  const tiles = tilesY * tilesX;
  const images = Math.min(g.batch, Math.ceil(TILES_AT_A_TIME / tiles));
  const rows = 4 * Math.ceil((images * tiles) / 4);
  const [imageHeight, imageWidth] = [(tilesY - 1) * side + TILE, (tilesX - 1) * side + TILE];
  const [outHeight, outWidth] = [tilesY * side, tilesX * side];
  const out = backend.makeOutput([g.batch, g.outHeight, g.outWidth, outChannels], 'float32');
  // One block of memory: a zero-padded image, a tile's scratch, all transforms, and an image of outputs.
  const sizes = [imageHeight * imageWidth * inChannels, POINTS * 4, POINTS * rows * inChannels];
  sizes.push(POINTS * rows * outChannels, weights.length, outHeight * outWidth * outChannels);
  const block = backend.makeOutput([sizes.reduce((sum, size) => sum + size)], 'float32');
  try {
    const values = floats(backend, block).fill(0);
    const places = sizes.map(
      (_, i) => values.byteOffset + FLOAT * sizes.slice(0, i).reduce((sum, size) => sum + size, 0),
    );
    const [image, scratch, inputs, products, filter, outputs] = places as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const heap = new Float32Array(values.buffer);
    heap.set(weights, filter / FLOAT);
    const source = floats(backend, x).byteOffset;
    const target = floats(backend, out).byteOffset;
    const [inPixel, outPixel] = [inChannels * FLOAT, outChannels * FLOAT];
    const [inPlane, outPlane] = [rows * inPixel, rows * outPixel];
    const toOutputs = g.filterHeight === 3 ? vectors.winogradOutput4 : vectors.winogradOutput2;
    for (let first = 0; first < g.batch; first += images) {
      const count = Math.min(images, g.batch - first);
      for (let b = 0; b < count; b++) {
        const run = g.inWidth * inPixel;
        const from = source + (first + b) * g.inHeight * run;
        const to = image + (g.top * imageWidth + g.left) * inPixel;
        copyRows(heap, from, run, to, imageWidth * inPixel, g.inHeight, run);
        const place = inputs + b * tiles * inPixel;
        vectors.winogradInput(image, place, tilesY, tilesX, imageWidth * inPixel, inPixel, side, inPlane, scratch);
      }
      for (let p = 0; p < POINTS; p++) {
        const matrix = filter + p * inChannels * outPixel;
        vectors.multiply(inputs + p * inPlane, matrix, products + p * outPlane, rows, inChannels, outChannels / PANEL);
      }
      for (let b = 0; b < count; b++) {
        const place = products + b * tiles * outPixel;
        toOutputs(place, outputs, tilesY, tilesX, outWidth * outPixel, outPixel, outPlane, scratch);
        const run = g.outWidth * outPixel;
        const to = target + (first + b) * g.outHeight * run;
        copyRows(heap, outputs, outWidth * outPixel, to, run, g.outHeight, run);
      }
    }
  } finally {
    backend.disposeData(block.dataId);
  }
  return out;
}

/** Copies rows of `run` bytes from one image to another; addresses and the distances of rows are in bytes. */
function copyRows(
  heap: Float32Array,
  from: number,
  fromRow: number,
  to: number,
  toRow: number,
  rows: number,
  run: number,
): void {
  for (let row = 0; row < rows; row++) {
    const start = (from + row * fromRow) / FLOAT;
    heap.copyWithin((to + row * toRow) / FLOAT, start, start + run / FLOAT);
  }
}
