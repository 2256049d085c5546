import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel } from '../backend';
import { geometry, visitTaps } from './geometry';

type BackpropFilter = Kernel<tf.DepthwiseConv2dNativeBackpropFilterInputs, tf.DepthwiseConv2dNativeBackpropFilterAttrs>;

/** Gradient of a depthwise convolution with respect to its filter `[height, width, channels, multiplier]`. */
export function depthwiseBackpropFilter(): BackpropFilter {
  return ({ inputs, attrs, backend }) => {
    const shape = inputs.x!.shape as [number, number, number, number];
    const { strides, dilations, pad, dimRoundingMode, filterShape } = attrs;
    const info = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, dilations, pad, dimRoundingMode, true);
    const g = geometry(info);
    const multiplier = g.outChannels / g.inChannels;
    const out = backend.makeOutput(info.filterShape, 'float32');
    const dw = floats(backend, out).fill(0);
    const x = floats(backend, inputs.x!);
    const dy = floats(backend, inputs.dy!);
    visitTaps(g, (output, input, tap) => {
      if (multiplier === 1) {
        for (let c = 0; c < g.inChannels; c++) dw[tap + c] = dw[tap + c]! + x[input + c]! * dy[output + c]!;
        return;
      }
      for (let c = 0, o = 0; c < g.inChannels; c++) {
        const value = x[input + c]!;
        for (let m = 0; m < multiplier; m++, o++) dw[tap + o] = dw[tap + o]! + value * dy[output + o]!;
      }
    });
    return out;
  };
}
