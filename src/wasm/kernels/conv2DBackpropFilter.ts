import * as tf from '@tensorflow/tfjs-core';
import { disposing, floats, type Kernel, matMul, runKernel, type WasmBackend } from '../backend';
import { type Geometry, geometry } from './geometry';

type BackpropFilter = Kernel<tf.Conv2DBackpropFilterInputs, tf.Conv2DBackpropFilterAttrs>;

/** Gradient of a convolution with respect to its filter. Images with channels first are transposed. */
export function conv2DBackpropFilter(): BackpropFilter {
  const kernel: BackpropFilter = ({ inputs, attrs, backend }) => {
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
    const x = inputs.x!;
    const dy = inputs.dy!;
    const shape = x.shape as [number, number, number, number];
    if (dataFormat === 'NCHW') {
      const last = (info: tf.TensorInfo) => runKernel(backend, tf.Transpose, { x: info }, { perm: [0, 2, 3, 1] });
      const format = { ...attrs, pad: channelsLast(pad), dataFormat: 'NHWC' as const };
      return disposing(backend, last(x), (xLast) =>
        disposing(backend, last(dy), (dyLast) => kernel({ inputs: { x: xLast, dy: dyLast }, attrs: format, backend })),
      );
    }
    const info = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode);
    return gatherPatches(backend, x, dy, geometry(info));
  };
  return kernel;
}

type Pad = tf.Conv2DBackpropFilterAttrs['pad'];

/** Explicit padding lists one pair per axis and moves with the axes. */
function channelsLast(pad: Pad): Pad {
  return Array.isArray(pad) ? [pad[0]!, pad[2]!, pad[3]!, pad[1]!] : pad;
}

/** Values of patches worked on at a time (4 MB): few products, little memory. */
const BLOCK = 1 << 20;

/**
 * The gradient of a convolution's filter as a matrix product, summed over blocks of images: `P' dy`, where each row of
 * `P'` holds the input value that one weight met at every output pixel.
 */
export function gatherPatches(backend: WasmBackend, x: tf.TensorInfo, dy: tf.TensorInfo, g: Geometry): tf.TensorInfo {
  const pixels = g.outHeight * g.outWidth;
  const weights = g.filterHeight * g.filterWidth * g.inChannels;
  const images = Math.min(g.batch, Math.max(1, Math.floor(BLOCK / (pixels * weights))));
  const dw = backend.makeOutput([g.filterHeight, g.filterWidth, g.inChannels, g.outChannels], 'float32');
  floats(backend, dw).fill(0);
  for (let first = 0; first < g.batch; first += images) {
    const count = Math.min(images, g.batch - first);
    const size = pixels * g.outChannels;
    const rows = backend.makeOutput([count * pixels, g.outChannels], 'float32');
    disposing(backend, rows, () => {
      floats(backend, rows).set(floats(backend, dy).subarray(first * size, (first + count) * size));
      const patches = patchesOf(backend, x, g, first, count);
      const part = disposing(backend, patches, () => matMul(backend, patches, rows));
      disposing(backend, part, () => addTo(floats(backend, dw), floats(backend, part)));
    });
  }
  return dw;
}

/** `P'` of some images: `[filter height, filter width, input channel; image, output row, output column]`. */
function patchesOf(backend: WasmBackend, x: tf.TensorInfo, g: Geometry, first: number, count: number): tf.TensorInfo {
  const { filterHeight, filterWidth, inChannels, outHeight, outWidth } = g;
  const height = Math.max(g.inHeight + g.top, (outHeight - 1) * g.strideHeight + filterHeight);
  const shifted = backend.makeOutput([filterWidth, inChannels, count, height, outWidth], 'float32');
  return disposing(backend, shifted, () => {
    const shape = [filterHeight * filterWidth * inChannels, count * outHeight * outWidth];
    const patches = backend.makeOutput(shape, 'float32');
    shiftColumns(floats(backend, x), floats(backend, shifted), g, height, first, count);
    const source = floats(backend, shifted);
    const target = floats(backend, patches);
    // One view over the heap, because copying inside a view costs far less per call than making two views.
    const heap = new Float32Array(source.buffer);
    const planes = filterWidth * inChannels * count;
    let to = target.byteOffset / Float32Array.BYTES_PER_ELEMENT;
    const run = g.strideHeight === 1 ? outHeight * outWidth : outWidth;
    for (let ky = 0; ky < filterHeight; ky++) {
      for (let plane = 0; plane < planes; plane++) {
        let from = source.byteOffset / Float32Array.BYTES_PER_ELEMENT + (plane * height + ky) * outWidth;
        for (let done = 0; done < outHeight * outWidth; done += run, from += g.strideHeight * outWidth, to += run) {
          heap.copyWithin(to, from, from + run);
        }
      }
    }
    return patches;
  });
}

/** For every column of the filter the zero-padded input values that it meets, channel by channel. */
function shiftColumns(
  x: Float32Array,
  shifted: Float32Array,
  g: Geometry,
  height: number,
  first: number,
  count: number,
): void {
  const { inChannels, inHeight, inWidth, outWidth, strideWidth } = g;
  let to = 0;
  for (let kx = 0; kx < g.filterWidth; kx++) {
    const offset = kx - g.left;
    const begin = Math.min(outWidth, Math.max(0, Math.ceil(-offset / strideWidth)));
    const end = Math.max(begin, Math.min(outWidth, Math.floor((inWidth - 1 - offset) / strideWidth) + 1));
    const step = strideWidth * inChannels;
    for (let c = 0; c < inChannels; c++) {
      for (let b = first; b < first + count; b++) {
        for (let row = 0; row < height; row++, to += outWidth) {
          const y = row - g.top;
          if (y < 0 || y >= inHeight) {
            shifted.fill(0, to, to + outWidth);
            continue;
          }
          for (let i = to; i < to + begin; i++) shifted[i] = 0;
          let from = ((b * inHeight + y) * inWidth + begin * strideWidth + offset) * inChannels + c;
          for (let i = to + begin; i < to + end; i++, from += step) shifted[i] = x[from]!;
          for (let i = to + end; i < to + outWidth; i++) shifted[i] = 0;
        }
      }
    }
  }
}

function addTo(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + part[i]!;
}
