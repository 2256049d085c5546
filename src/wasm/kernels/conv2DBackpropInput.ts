import * as tf from '@tensorflow/tfjs-core';
import { disposing, floats, type Kernel, matMul, runKernel, view, type WasmBackend } from '../backend';
import { type Geometry, geometry, turnedPadding } from './geometry';
import { transpose2d } from './transpose2d';
import { turnFilter } from './turnFilter';

type BackpropInput = Kernel<tf.Conv2DBackpropInputInputs, tf.Conv2DBackpropInputAttrs>;

/** XNNPACK computes eight output channels at a time, so a convolution to one or two throws most of its work away. */
const FEWEST_CHANNELS = 3;

/**
 * Gradient of a convolution with respect to its input, which is also a transposed convolution.
 *
 * With stride 1 it is the convolution of `dy` with the filter turned by 180 degrees and its channels exchanged. For few
 * input channels the patches `dy W'` are computed as one matrix product and added up at their places.
 */
export function conv2DBackpropInput(stock: BackpropInput): BackpropInput {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const dy = inputs.dy!;
    const filter = inputs.filter!;
    const { strides, pad, dataFormat, dimRoundingMode, inputShape } = attrs;
    if (dataFormat === 'NCHW' || dy.shape.includes(0)) return stock(call);
    const shape = filter.shape as [number, number, number, number];
    const g = geometry(tf.backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode));
    if (isPointwise(g)) return pointwise(backend, dy, filter, g);
    const padding = g.inChannels < FEWEST_CHANNELS ? undefined : turnedPadding(g);
    if (padding === undefined) return scatterPatches(backend, dy, filter, g);
    const turned = { strides: [1, 1], dilations: [1, 1], pad: padding, dataFormat: 'NHWC' };
    return disposing(backend, turnFilter(backend, filter, g.inChannels, g.outChannels), (weights) =>
      runKernel(backend, tf.Conv2D, { x: dy, filter: weights }, turned),
    );
  };
}

/** Whether every output pixel sees one input pixel and the other way round. */
function isPointwise(g: Geometry): boolean {
  return (
    g.filterHeight * g.filterWidth * g.strideHeight * g.strideWidth === 1 &&
    g.inHeight === g.outHeight &&
    g.inWidth === g.outWidth
  );
}

/** `dy W'`, pixel by pixel. */
function pointwise(backend: WasmBackend, dy: tf.TensorInfo, filter: tf.TensorInfo, g: Geometry): tf.TensorInfo {
  const rows = view(dy, [g.batch * g.outHeight * g.outWidth, g.outChannels]);
  const attrs = { transposeA: false, transposeB: true };
  const product = runKernel(
    backend,
    tf.BatchMatMul,
    { a: rows, b: view(filter, [g.inChannels, g.outChannels]) },
    attrs,
  );
  return view(product, [g.batch, g.inHeight, g.inWidth, g.inChannels]);
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
  const dx = backend.makeOutput([g.batch, g.inHeight, g.inWidth, g.inChannels], 'float32');
  floats(backend, dx).fill(0);
  disposing(backend, transpose2d(backend, view(filter, [patch, g.outChannels])), (weights) => {
    for (let first = 0; first < g.batch; first += images) {
      const count = Math.min(images, g.batch - first);
      const rows = backend.makeOutput([count * pixels, g.outChannels], 'float32');
      const size = pixels * g.outChannels;
      disposing(backend, rows, () => {
        const source = floats(backend, dy).subarray(first * size, (first + count) * size);
        floats(backend, rows).set(source);
        disposing(backend, matMul(backend, rows, weights), (patches) =>
          addPatches(floats(backend, patches), floats(backend, dx), g, first, count),
        );
      });
    }
  });
  return dx;
}

function addPatches(patches: Float32Array, dx: Float32Array, g: Geometry, first: number, count: number): void {
  const { inChannels, filterWidth } = g;
  let patch = 0;
  const rowOfPatch = filterWidth * inChannels;
  for (let b = first; b < first + count; b++) {
    for (let oy = 0; oy < g.outHeight; oy++) {
      for (let ox = 0; ox < g.outWidth; ox++) {
        const x = ox * g.strideWidth - g.left;
        const from = Math.max(0, -x) * inChannels;
        const to = Math.min(filterWidth, g.inWidth - x) * inChannels;
        for (let ky = 0; ky < g.filterHeight; ky++, patch += rowOfPatch) {
          const y = oy * g.strideHeight - g.top + ky;
          if (y < 0 || y >= g.inHeight) continue;
          const target = ((b * g.inHeight + y) * g.inWidth + x) * inChannels;
          for (let i = from; i < to; i++) dx[target + i] = dx[target + i]! + patches[patch + i]!;
        }
      }
    }
  }
}
