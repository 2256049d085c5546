import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel } from '../backend';
import { type Simd, simd } from '../simd/simd';
import { type Geometry, geometry } from './geometry';

type AvgPoolGrad = Kernel<tf.AvgPoolGradInputs, tf.AvgPoolGradAttrs>;

/**
 * Gradient of average pooling: every output's gradient, divided by the number of values in the window, goes to its whole window.
 *
 * Padding is not counted, as in the forward pass; the kernels of tfjs divide by the size of the window.
 */
export function avgPoolGrad(stock: AvgPoolGrad): AvgPoolGrad {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const input = inputs.input!;
    if (input.dtype !== 'float32') return stock(call);
    const { filterSize, strides, pad } = attrs;
    const shape = input.shape as [number, number, number, number];
    const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad);
    const out = backend.makeOutput(input.shape, 'float32');
    const dx = floats(backend, out).fill(0);
    spread(floats(backend, inputs.dy!), dx, geometry(info));
    return out;
  };
}

function spread(dy: Float32Array, dx: Float32Array, g: Geometry): void {
  const channels = g.inChannels;
  let from = 0;
  for (let b = 0; b < g.batch; b++) {
    for (let oy = 0; oy < g.outHeight; oy++) {
      const y0 = Math.max(0, oy * g.strideHeight - g.top);
      const y1 = Math.min(g.inHeight, oy * g.strideHeight - g.top + g.filterHeight);
      for (let ox = 0; ox < g.outWidth; ox++, from += channels) {
        const x0 = Math.max(0, ox * g.strideWidth - g.left);
        const x1 = Math.min(g.inWidth, ox * g.strideWidth - g.left + g.filterWidth);
        const share = 1 / ((y1 - y0) * (x1 - x0));
        for (let iy = y0; iy < y1; iy++) {
          for (let ix = x0; ix < x1; ix++) {
            const to = ((b * g.inHeight + iy) * g.inWidth + ix) * channels;
            for (let c = 0; c < channels; c++) dx[to + c] = dx[to + c]! + dy[from + c]! * share;
          }
        }
      }
    }
  }
}

type MaxPoolGrad = Kernel<tf.MaxPoolGradInputs, tf.MaxPoolGradAttrs & { readonly dimRoundingMode?: 'floor' }>;

/** Gradient of max pooling: every output's gradient goes to the first maximum of its window, row by row. */
export function maxPoolGrad(stock: MaxPoolGrad): MaxPoolGrad {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const input = inputs.input!;
    if (input.dtype !== 'float32') return stock(call);
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const shape = input.shape as [number, number, number, number];
    const g = geometry(tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode));
    const out = backend.makeOutput(input.shape, 'float32');
    const vectors = g.inChannels % 4 === 0 ? simd(backend) : null;
    const dx = floats(backend, out).fill(0);
    const dy = floats(backend, inputs.dy!);
    visitWindows(
      g,
      vectors === null
        ? scalarWindow(dy, floats(backend, input), dx, g)
        : vectorWindow(vectors, dy, floats(backend, input), dx, g),
    );
    return out;
  };
}

/** Handles one window: first channel of its output, first channel of its first pixel, its height and its width. */
type Visit = (output: number, corner: number, height: number, width: number) => void;

/** Calls `visit` for every window, with the padding cut off. */
function visitWindows(g: Geometry, visit: Visit): void {
  let output = 0;
  for (let b = 0; b < g.batch; b++) {
    for (let oy = 0; oy < g.outHeight; oy++) {
      const y0 = Math.max(0, oy * g.strideHeight - g.top);
      const y1 = Math.min(g.inHeight, oy * g.strideHeight - g.top + g.filterHeight);
      for (let ox = 0; ox < g.outWidth; ox++, output += g.inChannels) {
        const x0 = Math.max(0, ox * g.strideWidth - g.left);
        const x1 = Math.min(g.inWidth, ox * g.strideWidth - g.left + g.filterWidth);
        if (y0 < y1 && x0 < x1)
          visit(output, ((b * g.inHeight + y0) * g.inWidth + x0) * g.inChannels, y1 - y0, x1 - x0);
      }
    }
  }
}

function scalarWindow(dy: Float32Array, x: Float32Array, dx: Float32Array, g: Geometry): Visit {
  const channels = g.inChannels;
  const step = g.inWidth * channels;
  return (output, corner, height, width) => {
    for (let c = 0; c < channels; c++) {
      let best = corner + c;
      for (let row = corner + c; row < corner + c + height * step; row += step) {
        for (let i = row; i < row + width * channels; i += channels) if (x[i]! > x[best]!) best = i;
      }
      dx[best] = dx[best]! + dy[output + c]!;
    }
  };
}

function vectorWindow(vectors: Simd, dy: Float32Array, x: Float32Array, dx: Float32Array, g: Geometry): Visit {
  const pixel = g.inChannels * 4;
  const row = g.inWidth * pixel;
  return (output, corner, height, width) =>
    vectors.maxPoolGrad(
      dy.byteOffset + output * 4,
      x.byteOffset + corner * 4,
      dx.byteOffset + corner * 4,
      height,
      width,
      row,
      pixel,
    );
}
