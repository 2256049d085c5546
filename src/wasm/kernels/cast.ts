import type * as tf from '@tensorflow/tfjs-core';
import { type Kernel, view } from '../backend';

type Cast = Kernel<tf.CastInputs, tf.CastAttrs>;

/** A change of type; no change shares the memory where the stock kernel copies. */
export function cast(stock: Cast): Cast {
  return (call) => {
    const x = call.inputs.x!;
    if (x.dtype !== call.attrs.dtype || x.dtype === 'string') return stock(call);
    call.backend.incRef(x.dataId);
    return view(x, x.shape);
  };
}

type Identity = Kernel<tf.IdentityInputs, object>;

/**
 * The same values: shares the memory where the stock kernel copies. tfjs clones every tensor that a gradient needs, so
 * the copies cost a pass over each activation, and a copied weight matrix is packed anew.
 */
export function identity(stock: Identity): Identity {
  return (call) => {
    const x = call.inputs.x!;
    if (x.dtype === 'string') return stock(call);
    call.backend.incRef(x.dataId);
    return view(x, x.shape);
  };
}
