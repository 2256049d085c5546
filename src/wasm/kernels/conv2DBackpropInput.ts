import * as tf from '@tensorflow/tfjs-core';
import { disposing, type Kernel, runKernel } from '../backend';
import { geometry, turnedPadding } from './geometry';
import { scatterPatches } from './scatterPatches';
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
    const padding = g.inChannels < FEWEST_CHANNELS ? undefined : turnedPadding(g);
    if (padding === undefined) return scatterPatches(backend, dy, filter, g);
    const turned = { strides: [1, 1], dilations: [1, 1], pad: padding, dataFormat: 'NHWC' };
    return disposing(backend, turnFilter(backend, filter, g.inChannels, g.outChannels), (weights) =>
      runKernel(backend, tf.Conv2D, { x: dy, filter: weights }, turned),
    );
  };
}
