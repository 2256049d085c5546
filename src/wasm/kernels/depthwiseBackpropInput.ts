import * as tf from '@tensorflow/tfjs-core';
import { disposing, floats, type Kernel, runKernel, view, type WasmBackend } from '../backend';
import { type Geometry, geometry, turnedPadding, visitTaps } from './geometry';
import { turnFilter } from './turnFilter';

type BackpropInput = Kernel<tf.DepthwiseConv2dNativeBackpropInputInputs, tf.DepthwiseConv2dNativeBackpropInputAttrs>;

/**
 * Gradient of a depthwise convolution with respect to its input: with stride 1 and one filter per channel the depthwise
 * convolution of `dy` with the filter turned by 180 degrees, otherwise a sum over the taps.
 */
export function depthwiseBackpropInput(): BackpropInput {
  return ({ inputs, attrs, backend }) => {
    const dy = inputs.dy!;
    const filter = inputs.filter!;
    const { strides, dilations, pad, dimRoundingMode, inputShape } = attrs;
    const shape = filter.shape as [number, number, number, number];
    const info = tf.backend_util.computeConv2DInfo(inputShape, shape, strides, dilations, pad, dimRoundingMode, true);
    const g = geometry(info);
    const padding = g.outChannels === g.inChannels ? turnedPadding(g) : undefined;
    if (padding === undefined) return sumOverTaps(backend, dy, filter, g);
    const turned = { strides: [1, 1], dilations: [g.dilationHeight, g.dilationWidth], pad: padding };
    return disposing(backend, turnFilter(backend, filter, g.inChannels, 1), (weights) =>
      runKernel(backend, tf.DepthwiseConv2dNative, { x: dy, filter: view(weights, filter.shape) }, turned),
    );
  };
}

function sumOverTaps(backend: WasmBackend, dy: tf.TensorInfo, filter: tf.TensorInfo, g: Geometry): tf.TensorInfo {
  const multiplier = g.outChannels / g.inChannels;
  const out = backend.makeOutput([g.batch, g.inHeight, g.inWidth, g.inChannels], 'float32');
  const dx = floats(backend, out).fill(0);
  const w = floats(backend, filter);
  const from = floats(backend, dy);
  visitTaps(g, (output, input, tap) => {
    for (let c = 0, o = 0; c < g.inChannels; c++) {
      let sum = dx[input + c]!;
      for (let m = 0; m < multiplier; m++, o++) sum += w[tap + o]! * from[output + o]!;
      dx[input + c] = sum;
    }
  });
  return out;
}
