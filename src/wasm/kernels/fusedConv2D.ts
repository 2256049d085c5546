import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../backend';
import { convolve, sizesOf } from './conv2D';
import { fused } from './fused';

type FusedConv2D = Kernel<tf.FusedConv2DInputs, tf.FusedConv2DAttrs>;

/** Convolution with bias and activation, the form of inference. */
export function fusedConv2D(mayRound: boolean): (stock: FusedConv2D) => FusedConv2D {
  return (stock) => (call) => {
    const { inputs, attrs, backend } = call;
    const { x, filter } = inputs;
    const g = sizesOf(x, filter, attrs);
    const out = g && fused(call, g.outChannels, (finish) => convolve(backend, x, filter, g, finish, mayRound));
    return out ?? stock(call);
  };
}
