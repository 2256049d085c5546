import * as tf from '@tensorflow/tfjs-core';
import { suitsWinograd } from '../../core/winograd';
import { floats, type Kernel, type WasmBackend } from '../backend';
import { PANEL } from '../simd/multiplySource';
import { type Simd, simd } from '../simd/simd';
import { type Geometry, geometry } from './geometry';
import {
  dropPadding,
  type Finish,
  FLOAT,
  finishFloats,
  multiplyRows,
  PLAIN,
  pack,
  packTurned,
  writeFinish,
} from './product';
import { winograd, winogradWeights } from './winograd';
import { LINE, withScratch } from './withScratch';

type Conv2D = Kernel<tf.Conv2DInputs, tf.Conv2DAttrs>;

/** What of a convolution is looked at to find its sizes. */
type Sizes = Pick<tf.Conv2DAttrs, 'strides' | 'dilations' | 'pad' | 'dataFormat' | 'dimRoundingMode'>;

/** Filters transformed for Winograd's algorithm by their data, which tfjs never changes in place: as they are, and turned. */
const transformed = { asIs: new WeakMap<object, Float32Array>(), turned: new WeakMap<object, Float32Array>() };

/**
 * Convolution: Winograd's algorithm for filters of 3 x 3 and 5 x 5 with stride 1 where it saves work and may be used, else a
 * matrix product. The gradient of the input is such a convolution too.
 */
export function conv2D(mayRound: boolean): (stock: Conv2D) => Conv2D {
  return (stock) => (call) => {
    const { inputs, attrs, backend } = call;
    const g = sizesOf(inputs.x!, inputs.filter!, attrs);
    return (g && convolve(backend, inputs.x!, inputs.filter!, g, PLAIN, mayRound)) ?? stock(call);
  };
}

/** The sizes of a convolution, if our kernels can compute it at all. */
export function sizesOf(x: tf.TensorInfo, filter: tf.TensorInfo, attrs: Sizes): Geometry | undefined {
  if (attrs.dataFormat === 'NCHW' || x.dtype !== 'float32' || x.shape.includes(0)) return undefined;
  const xShape = x.shape as [number, number, number, number];
  const filterShape = filter.shape as [number, number, number, number];
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return geometry(tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, dilations, pad, dimRoundingMode));
}

/**
 * A convolution, ended as told; `undefined` where the stock kernel is to do it. For the gradient of an input the filter is to
 * be `turned` by 180 degrees with its channels exchanged, and lies there as it is.
 */
export function convolve(
  backend: WasmBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  g: Geometry,
  finish: Finish,
  mayRound: boolean,
  turned = false,
): tf.TensorInfo | undefined {
  const vectors = simd(backend);
  if (vectors === null) return undefined;
  if (mayRound && suitsWinograd(g)) {
    const kept = turned ? transformed.turned : transformed.asIs;
    const weights = kept.get(filter.dataId) ?? transform(floats(backend, filter), g, turned);
    kept.set(filter.dataId, weights);
    return winograd(backend, vectors, x, weights, g, finish);
  }
  return suitsPatches(g) ? convolvePatches(backend, vectors, x, filter, g, finish, turned) : undefined;
}

function transform(filter: Float32Array, g: Geometry, turned: boolean): Float32Array {
  const { filterHeight, filterWidth, inChannels, outChannels } = g;
  const weights = turned ? turnFilter(filter, filterHeight * filterWidth, outChannels, inChannels) : filter;
  return winogradWeights(weights, filterHeight, inChannels, outChannels);
}

/** A filter `[taps, inputs, outputs]` turned by 180 degrees with its channels exchanged, `[taps, outputs, inputs]`. */
function turnFilter(filter: Float32Array, taps: number, inputs: number, outputs: number): Float32Array {
  const turned = new Float32Array(filter.length);
  const size = inputs * outputs;
  for (let tap = 0; tap < taps; tap++) {
    const source = tap * size;
    const target = (taps - 1 - tap) * size;
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) turned[target + o * inputs + i] = filter[source + i * outputs + o]!;
  }
  return turned;
}

/** Values of patches worked on at a time: what fits in the second-level cache. */
const BLOCK = 1 << 16;

/** Whether {@link convolvePatches} can compute a convolution. */
function suitsPatches(g: Geometry): boolean {
  return g.dilationHeight === 1 && g.dilationWidth === 1;
}

/**
 * A convolution as a matrix product: the windows of the image are laid out as rows and multiplied with the filter. A filter
 * 1 x 1 of stride 1 takes the image as it is. A `turned` filter lies as in the forward pass, `[height, width, g.outChannels,
 * g.inChannels]`, and is read from its end.
 */
function convolvePatches(
  backend: WasmBackend,
  vectors: Simd,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  g: Geometry,
  finish: Finish,
  turned: boolean,
): tf.TensorInfo {
  const out = backend.makeOutput([g.batch, g.outHeight, g.outWidth, g.outChannels], 'float32');
  const panels = Math.ceil(g.outChannels / PANEL);
  const depth = g.filterHeight * g.filterWidth * g.inChannels;
  const pixels = g.batch * g.outHeight * g.outWidth;
  const direct =
    pixels >= vectors.rows &&
    g.filterHeight * g.filterWidth * g.strideHeight * g.strideWidth === 1 &&
    g.inHeight === g.outHeight &&
    g.inWidth === g.outWidth;
  const lines = direct ? 0 : Math.max(1, Math.min(g.outHeight, Math.floor(BLOCK / (depth * g.outWidth))));
  const block = direct ? pixels : Math.max(vectors.rows, lines * g.outWidth);
  const padded = paddedSize(g);
  const whole = g.outChannels % PANEL === 0;
  const sizes = {
    packed: depth * panels * PANEL * FLOAT,
    finish: finishFloats(g.outChannels) * FLOAT,
    image: direct ? 0 : padded.height * padded.width * g.inChannels * FLOAT + LINE,
    patches: direct ? 0 : block * depth * FLOAT + LINE,
    products: whole && direct ? 0 : block * panels * PANEL * FLOAT,
  };
  withScratch(backend, sizes, (at) => {
    const source = floats(backend, x);
    const heap = new Float32Array(source.buffer);
    const target = floats(backend, out).byteOffset;
    if (turned)
      packTurned(
        vectors,
        floats(backend, filter),
        at.packed,
        g.filterHeight * g.filterWidth,
        g.outChannels,
        g.inChannels,
      );
    else pack(vectors, floats(backend, filter), at.packed, depth, g.outChannels, false);
    writeFinish(backend, heap, at.finish, finish);
    /** Multiplies the rows of a matrix into as many pixels of the result. */
    const multiply = (a: number, first: number, count: number) => {
      const place = target + first * g.outChannels * FLOAT;
      const inPlace = whole && count >= vectors.rows;
      const c = inPlace ? place : at.products;
      multiplyRows(vectors, { a, b: at.packed, c, finish: at.finish }, Math.max(count, vectors.rows), depth, panels);
      if (!inPlace) dropPadding(heap, c, place, count, g.outChannels);
    };
    if (direct) return multiply(source.byteOffset, 0, pixels);
    const pixelBytes = g.inChannels * FLOAT;
    const rowBytes = padded.width * pixelBytes;
    for (let image = 0; image < g.batch; image++) {
      padImage(heap, source, image, at.image, rowBytes, g);
      for (let line = 0; line < g.outHeight; line += lines) {
        const count = Math.min(lines, g.outHeight - line);
        for (let i = 0; i < count; i++)
          vectors.patches(
            at.image + (line + i) * g.strideHeight * rowBytes,
            at.patches + i * g.outWidth * depth * FLOAT,
            g.outWidth,
            g.strideWidth * pixelBytes,
            g.filterHeight,
            rowBytes,
            g.filterWidth * pixelBytes,
          );
        multiply(at.patches, (image * g.outHeight + line) * g.outWidth, count * g.outWidth);
      }
    }
  });
  return out;
}

/** The part of the padded image that windows reach. */
function paddedSize(g: Geometry): { readonly height: number; readonly width: number } {
  return {
    height: (g.outHeight - 1) * g.strideHeight + g.filterHeight,
    width: (g.outWidth - 1) * g.strideWidth + g.filterWidth,
  };
}

/** Copies an image into the middle of zeros, as far as windows reach. */
function padImage(
  heap: Float32Array,
  source: Float32Array,
  image: number,
  to: number,
  rowBytes: number,
  g: Geometry,
): void {
  const { height, width } = paddedSize(g);
  const run = Math.min(g.inWidth, width - g.left) * g.inChannels;
  for (let y = 0; y < Math.min(g.inHeight, height - g.top); y++) {
    const from = source.byteOffset / FLOAT + (image * g.inHeight + y) * g.inWidth * g.inChannels;
    heap.copyWithin((to + (g.top + y) * rowBytes) / FLOAT + g.left * g.inChannels, from, from + run);
  }
}
