import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel } from '../backend';
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
