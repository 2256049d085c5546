import * as tf from '@tensorflow/tfjs-core';
import { disposing, type Kernel, runKernel } from '../backend';
import { convolve, sizesOf } from './conv2D';
import { finishOf } from './product';

type FusedConv2D = Kernel<tf.FusedConv2DInputs, tf.FusedConv2DAttrs>;

/** The kernels of activations that are not a pair of limits. */
const KERNELS: { readonly [activation: string]: string } = {
  elu: tf.Elu,
  leakyrelu: tf.LeakyRelu,
  prelu: tf.Prelu,
  sigmoid: tf.Sigmoid,
};

/** Convolution with bias and activation, the form of inference. */
export function fusedConv2D(mayRound: boolean): (stock: FusedConv2D) => FusedConv2D {
  return (stock) => (call) => {
    const { inputs, attrs, backend } = call;
    const { x, filter, bias, preluActivationWeights: alpha } = inputs;
    const finish = finishOf(attrs.activation, bias);
    const after = finish === undefined ? KERNELS[attrs.activation] : undefined;
    const g = sizesOf(x, filter, attrs);
    const fits = g !== undefined && (bias === undefined || bias.shape.join() === `${g.outChannels}`);
    if (!fits || (finish ?? after) === undefined) return stock(call);
    const out = convolve(backend, x, filter, g, finish ?? finishOf('linear', bias)!, mayRound);
    if (out === undefined || after === undefined) return out ?? stock(call);
    return disposing(backend, out, (values) =>
      runKernel(backend, after, { x: values, ...(alpha && { alpha }) }, { alpha: attrs.leakyreluAlpha }),
    );
  };
}
