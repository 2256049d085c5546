import * as tf from '@tensorflow/tfjs-core';
import { disposing, floats, type Kernel, runKernel, view, type WasmBackend } from '../backend';
import { type Simd, simd } from '../simd/simd';
import { convolve } from './conv2D';
import { type Geometry, geometry, turnedGeometry } from './geometry';
import { FLOAT, PLAIN } from './product';

type BackpropInput = Kernel<tf.Conv2DBackpropInputInputs, tf.Conv2DBackpropInputAttrs>;

/** A matrix product computes eight columns at a time, so a convolution to one or two channels throws most of its work away. */
const FEWEST_CHANNELS = 3;

/**
 * Gradient of a convolution with respect to its input, which is also a transposed convolution.
 *
 * With stride 1 it is the convolution of `dy` with the filter turned by 180 degrees and its channels exchanged. Otherwise, and
 * for few input channels, the patches `dy W'` are computed as one matrix product and added up at their places.
 */
export function conv2DBackpropInput(mayRound: boolean): (stock: BackpropInput) => BackpropInput {
  return (stock) => (call) => {
    const { inputs, attrs, backend } = call;
    const dy = inputs.dy!;
    const filter = inputs.filter!;
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs;
    if (dataFormat === 'NCHW' || dy.shape.includes(0)) return stock(call);
    const shape = filter.shape as [number, number, number, number];
    const g = geometry(tf.backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode));
    const turned = g.inChannels < FEWEST_CHANNELS ? undefined : turnedGeometry(g);
    const out = turned && convolve(backend, dy, filter, turned, PLAIN, mayRound, true);
    return out ?? scatterPatches(backend, dy, filter, g);
  };
}

/** Values of patches worked on at a time: what fits in the second-level cache. */
const BLOCK = 1 << 18;

/**
 * The gradient of a convolution's input as a matrix product: row by row, `dy W'` is what each output pixel adds to its
 * patch of the input. Some images at a time, so that the patches are added up while they are in the cache.
 */
export function scatterPatches(
  backend: WasmBackend,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  g: Geometry,
): tf.TensorInfo {
  const pixels = g.outHeight * g.outWidth;
  const patch = g.filterHeight * g.filterWidth * g.inChannels;
  const images = Math.min(g.batch, Math.max(1, Math.floor(BLOCK / (pixels * patch))));
  const weights = view(filter, [patch, g.outChannels]);
  const vectors = g.inChannels % 4 === 0 ? simd(backend) : null;
  const dx = backend.makeOutput([g.batch, g.inHeight, g.inWidth, g.inChannels], 'float32');
  floats(backend, dx).fill(0);
  for (let first = 0; first < g.batch; first += images) {
    const count = Math.min(images, g.batch - first);
    const rows = backend.makeOutput([count * pixels, g.outChannels], 'float32');
    const size = pixels * g.outChannels;
    disposing(backend, rows, () => {
      const source = floats(backend, dy).subarray(first * size, (first + count) * size);
      floats(backend, rows).set(source);
      const product = runKernel(
        backend,
        tf.BatchMatMul,
        { a: rows, b: weights },
        { transposeA: false, transposeB: true },
      );
      disposing(backend, product, (patches) =>
        addPatches(vectors, floats(backend, patches), floats(backend, dx), g, first, count),
      );
    });
  }
  return dx;
}

/** Adds patches to the images from `first` on: those that lie inside a row of windows by vector code, the others value by value. */
function addPatches(
  vectors: Simd | null,
  patches: Float32Array,
  dx: Float32Array,
  g: Geometry,
  first: number,
  count: number,
): void {
  const pixel = g.inChannels * FLOAT;
  const run = g.filterWidth * g.inChannels;
  const patch = g.filterHeight * run;
  const inside = (ox: number) => {
    const x = ox * g.strideWidth - g.left;
    return vectors !== null && x >= 0 && x + g.filterWidth <= g.inWidth;
  };
  for (let line = 0; line < count * g.outHeight; line++) {
    const [b, oy] = [first + Math.floor(line / g.outHeight), line % g.outHeight];
    const y = oy * g.strideHeight - g.top;
    const [above, below] = [Math.max(0, -y), Math.min(g.filterHeight, g.inHeight - y)];
    for (let ox = 0; ox < g.outWidth; ) {
      const from = (line * g.outWidth + ox) * patch;
      const x = ox * g.strideWidth - g.left;
      const to = ((b * g.inHeight + y + above) * g.inWidth + x) * g.inChannels;
      let end = ox;
      while (end < g.outWidth && inside(end)) end++;
      if (end > ox && below > above)
        vectors!.addPatches(
          patches.byteOffset + (from + above * run) * FLOAT,
          patch * FLOAT,
          dx.byteOffset + to * FLOAT,
          end - ox,
          g.strideWidth * pixel,
          below - above,
          g.inWidth * pixel,
          run * FLOAT,
        );
      if (end > ox) {
        ox = end;
        continue;
      }
      const [left, right] = [Math.max(0, -x) * g.inChannels, Math.min(g.filterWidth, g.inWidth - x) * g.inChannels];
      for (let ky = above; ky < below; ky++) {
        const target = to + (ky - above) * g.inWidth * g.inChannels;
        for (let i = left; i < right; i++) dx[target + i] = dx[target + i]! + patches[from + ky * run + i]!;
      }
      ox++;
    }
  }
}
