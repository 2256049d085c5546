import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel } from '../backend';
import { type Geometry, geometry } from './geometry';

type MaxPoolGrad = Kernel<tf.MaxPoolGradInputs, tf.MaxPoolGradAttrs & { readonly dimRoundingMode?: 'floor' }>;

/** Gradient of max pooling: every output's gradient goes to the first maximum of its window, row by row. */
export function maxPoolGrad(stock: MaxPoolGrad): MaxPoolGrad {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const input = inputs.input!;
    if (input.dtype !== 'float32') return stock(call);
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const shape = input.shape as [number, number, number, number];
    const info = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
    const out = backend.makeOutput(input.shape, 'float32');
    const dx = floats(backend, out).fill(0);
    route(floats(backend, inputs.dy!), floats(backend, input), dx, geometry(info));
    return out;
  };
}

function route(dy: Float32Array, x: Float32Array, dx: Float32Array, g: Geometry): void {
  const channels = g.inChannels;
  let from = 0;
  for (let b = 0; b < g.batch; b++) {
    for (let oy = 0; oy < g.outHeight; oy++) {
      const y0 = Math.max(0, oy * g.strideHeight - g.top);
      const y1 = Math.min(g.inHeight, oy * g.strideHeight - g.top + g.filterHeight);
      for (let ox = 0; ox < g.outWidth; ox++) {
        const x0 = Math.max(0, ox * g.strideWidth - g.left);
        const x1 = Math.min(g.inWidth, ox * g.strideWidth - g.left + g.filterWidth);
        const corner = ((b * g.inHeight + y0) * g.inWidth + x0) * channels;
        const rowStep = g.inWidth * channels;
        for (let c = 0; c < channels; c++) {
          let best = Number.NEGATIVE_INFINITY;
          let at = -1;
          for (let iy = y0, row = corner + c; iy < y1; iy++, row += rowStep) {
            for (let ix = x0, i = row; ix < x1; ix++, i += channels) {
              const value = x[i]!;
              if (value > best) {
                best = value;
                at = i;
              }
            }
          }
          if (at >= 0) dx[at] = dx[at]! + dy[from]!;
          from++;
        }
      }
    }
  }
}
