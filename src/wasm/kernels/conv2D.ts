import * as tf from '@tensorflow/tfjs-core';
import { suitsWinograd } from '../../core/winograd';
import { floats, type Kernel } from '../backend';
import { simd } from '../simd/simd';
import { geometry } from './geometry';
import { winograd, winogradWeights } from './winograd';

type Conv2D = Kernel<tf.Conv2DInputs, tf.Conv2DAttrs>;

/** Transformed filters by their data, which tfjs never changes in place. */
const transformed = new WeakMap<object, Float32Array>();

/**
 * Convolution: Winograd's algorithm for filters of 3 x 3 and 5 x 5 with stride 1 where it saves work, else the stock
 * kernel. The gradient of the input is such a convolution too.
 */
export function conv2D(stock: Conv2D): Conv2D {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const x = inputs.x!;
    const filter = inputs.filter!;
    if (attrs.dataFormat === 'NCHW' || x.dtype !== 'float32' || x.shape.includes(0)) return stock(call);
    const xShape = x.shape as [number, number, number, number];
    const filterShape = filter.shape as [number, number, number, number];
    const { strides, dilations, pad, dimRoundingMode } = attrs;
    const g = geometry(
      tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, dilations, pad, dimRoundingMode),
    );
    const vectors = suitsWinograd(g) ? simd(backend) : null;
    if (vectors === null) return stock(call);
    const known = transformed.get(filter.dataId);
    const weights = known ?? winogradWeights(floats(backend, filter), g.filterHeight, g.inChannels, g.outChannels);
    transformed.set(filter.dataId, weights);
    return winograd(backend, vectors, x, weights, g);
  };
}
