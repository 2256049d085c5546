import type * as tf from '@tensorflow/tfjs-core';
import { filterMatrix, TILE, tiling } from '../../core/winograd';
import { floats, type WasmBackend } from '../backend';
import { PANEL } from '../simd/multiplySource';
import type { Simd } from '../simd/simd';
import type { Geometry } from './geometry';
import { type Finish, FLOAT, finishFloats, writeFinish } from './product';
import { LINE, withScratch } from './withScratch';

/** Transformed values of a tile of one channel. */
const POINTS = TILE * TILE;
/** Tiles worked on at a time: enough for long products, few enough for the second-level cache. */
const TILES_AT_A_TIME = 96;

/**
 * A convolution by Winograd's minimal filtering: tiles of 6 x 6 input values are transformed, multiplied with the
 * transformed filter channel by channel, and transformed back to 4 x 4 (filter 3 x 3) or 2 x 2 (filter 5 x 5) outputs:
 * 36 products where the plain sum takes 144 or 100. Its rounding errors are larger, some 5e-6 of the largest output.
 *
 * Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
 *
 * @param weights - The filter as `winogradWeights` transforms it.
 * @param end - Bias and activation.
 */
export function winograd(
  backend: WasmBackend,
  vectors: Simd,
  x: tf.TensorInfo,
  weights: Float32Array,
  g: Geometry,
  end: Finish,
): tf.TensorInfo {
  const { inChannels, outChannels } = g;
  const { side, tilesY, tilesX } = tiling(g.filterHeight, g.outHeight, g.outWidth);
  const tiles = tilesY * tilesX;
  const images = Math.min(g.batch, Math.ceil(TILES_AT_A_TIME / tiles));
  const rows = vectors.rows * Math.ceil((images * tiles) / vectors.rows);
  const [imageHeight, imageWidth] = [(tilesY - 1) * side + TILE, (tilesX - 1) * side + TILE];
  const [outHeight, outWidth] = [tilesY * side, tilesX * side];
  const [inPixel, outPixel] = [inChannels * FLOAT, outChannels * FLOAT];
  const [inPlane, outPlane] = [planeBytes(rows * inPixel), planeBytes(rows * outPixel)];
  const out = backend.makeOutput([g.batch, g.outHeight, g.outWidth, outChannels], 'float32');
  const sizes = {
    image: imageHeight * imageWidth * inPixel,
    tile: POINTS * 4 * FLOAT,
    inputs: POINTS * inPlane,
    products: POINTS * outPlane,
    filter: weights.length * FLOAT,
    outputs: outHeight * outWidth * outPixel,
    finish: finishFloats(outChannels) * FLOAT,
  };
  withScratch(backend, sizes, ({ image, tile, inputs, products, filter, outputs, finish }) => {
    const source = floats(backend, x);
    const target = floats(backend, out).byteOffset;
    const heap = new Float32Array(source.buffer);
    heap.set(weights, filter / FLOAT);
    writeFinish(backend, heap, finish, end);
    const toOutputs = g.filterHeight === 3 ? vectors.winogradOutput4 : vectors.winogradOutput2;
    for (let first = 0; first < g.batch; first += images) {
      const count = Math.min(images, g.batch - first);
      for (let b = 0; b < count; b++) {
        const run = g.inWidth * inPixel;
        const from = source.byteOffset + (first + b) * g.inHeight * run;
        // The frame around the image stays zero: it is the padding.
        const to = image + (g.top * imageWidth + g.left) * inPixel;
        copyRows(heap, from, run, to, imageWidth * inPixel, g.inHeight, run);
        const place = inputs + b * tiles * inPixel;
        vectors.winogradInput(image, place, tilesY, tilesX, imageWidth * inPixel, inPixel, side, inPlane, tile);
      }
      for (let p = 0; p < POINTS; p++) {
        const matrix = filter + p * inChannels * outPixel;
        vectors.multiply(inputs + p * inPlane, matrix, products + p * outPlane, rows, inChannels, outChannels / PANEL);
      }
      for (let b = 0; b < count; b++) {
        const place = products + b * tiles * outPixel;
        toOutputs(place, outputs, tilesY, tilesX, outWidth * outPixel, outPixel, outPlane, tile, finish);
        const run = g.outWidth * outPixel;
        const to = target + (first + b) * g.outHeight * run;
        copyRows(heap, outputs, outWidth * outPixel, to, run, g.outHeight, run);
      }
    }
  });
  return out;
}

/** An odd number of cache lines, so that the same value of all 36 planes falls into different sets of the cache. */
function planeBytes(least: number): number {
  return LINE * (Math.ceil(least / LINE) | 1);
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

/**
 * The transform `G w G'` of a square filter `[size, size, inputs, outputs]`: 36 matrices `[inputs, outputs]`, each packed
 * in panels of outputs.
 */
export function winogradWeights(filter: Float32Array, size: number, inputs: number, outputs: number): Float32Array {
  const g = filterMatrix(size);
  const channels = inputs * outputs;
  // Each pass turns the axes, so that two of them bring both axes back to their places.
  const along = evaluate(filter, g, size, channels);
  const both = evaluate(along, g, size, channels);
  const packed = new Float32Array(both.length);
  for (let p = 0, to = 0; p < TILE * TILE; p++) {
    for (let panel = 0; panel < outputs; panel += PANEL) {
      for (let i = 0; i < inputs; i++) {
        const from = p * channels + i * outputs + panel;
        for (let lane = 0; lane < PANEL; lane++) packed[to++] = both[from + lane]!;
      }
    }
  }
  return packed;
}

/** Applies `G` along the second axis of `[lines, size, channels]`; the result is `[6, lines, channels]`. */
function evaluate(from: Float32Array, g: readonly (readonly number[])[], size: number, channels: number): Float32Array {
  const lines = from.length / (size * channels);
  const to = new Float32Array(TILE * lines * channels);
  for (let point = 0; point < TILE; point++) {
    for (let line = 0; line < lines; line++) {
      const target = (point * lines + line) * channels;
      for (let k = 0; k < size; k++) {
        const factor = g[point]![k]!;
        const source = (line * size + k) * channels;
        for (let c = 0; c < channels; c++) to[target + c] = to[target + c]! + factor * from[source + c]!;
      }
    }
  }
  return to;
}
