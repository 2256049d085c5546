import * as tf from '@tensorflow/tfjs-core';
import { suitsWinograd } from '../../core/winograd';
import { disposing, type Kernel, runKernel } from '../backend';
import { geometry } from './geometry';

type FusedConv2D = Kernel<tf.FusedConv2DInputs, tf.FusedConv2DAttrs>;

/** Convolution with bias and activation, the form of inference; in two or three steps where the first is Winograd's. */
export function fusedConv2D(stock: FusedConv2D): FusedConv2D {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const { x, filter, bias } = inputs;
    const { strides, dilations, pad, dataFormat, dimRoundingMode, activation } = attrs;
    const simple = activation === 'linear' || activation === 'relu';
    if (!simple || dataFormat === 'NCHW' || x.shape.includes(0)) return stock(call);
    const xShape = x.shape as [number, number, number, number];
    const filterShape = filter.shape as [number, number, number, number];
    const info = tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, dilations, pad, dimRoundingMode);
    if (!suitsWinograd(geometry(info))) return stock(call);
    const convolved = runKernel(backend, tf.Conv2D, { x, filter }, attrs);
    const biased = bias
      ? disposing(backend, convolved, (a) => runKernel(backend, tf.Add, { a, b: bias }, {}))
      : convolved;
    if (activation === 'linear') return biased;
    return disposing(backend, biased, (values) => runKernel(backend, tf.Relu, { x: values }, {}));
  };
}
