import type * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel, view } from '../backend';
import { simd } from '../simd/simd';
import { FLOAT } from './product';
import { withScratch } from './withScratch';

/** The name under which {@link activationGrad} is registered; tfjs has no such kernel. */
export const ACTIVATION_GRAD = 'ActivationGrad';

/** Limits between which an activation has the slope 1; 0 elsewhere. */
const GATES: { readonly [activation: string]: readonly [number, number] } = {
  relu: [0, Number.POSITIVE_INFINITY],
  relu6: [0, 6],
};

/** Slopes of activations as functions of their values. */
const SLOPES: { readonly [activation: string]: (y: number) => number } = {
  sigmoid: (y) => y * (1 - y),
  tanh: (y) => 1 - y * y,
  elu: (y) => (y > 0 ? 1 : y + 1),
};

/** The gradient of an activation, `dy f'(x)` with `f'(x)` read off its value `y = f(x)`, in one pass over memory. */
export function activationGrad(): Kernel<
  { dy: tf.TensorInfo; y: tf.TensorInfo },
  { activation: 'relu' | 'relu6' | 'sigmoid' | 'tanh' | 'elu' }
> {
  return ({ inputs: { dy, y }, attrs: { activation }, backend }) => {
    const out = backend.makeOutput(dy.shape, 'float32');
    const gate = GATES[activation];
    const vectors = gate === undefined ? null : simd(backend);
    const slope = SLOPES[activation] ?? ((value: number) => (value > gate![0] && value < gate![1] ? 1 : 0));
    const size = floats(backend, dy).length;
    let done = 0;
    if (vectors !== null && size >= 4) {
      done = size - (size % 4);
      withScratch(backend, { limits: 8 * FLOAT }, ({ limits }) => {
        const heap = new Float32Array(floats(backend, dy).buffer);
        heap.fill(gate![0], limits / FLOAT, limits / FLOAT + 4).fill(gate![1], limits / FLOAT + 4, limits / FLOAT + 8);
        const at = [dy, y, out].map((info) => floats(backend, info).byteOffset);
        vectors.gate(...at, done * FLOAT, limits);
      });
    }
    const [from, at, to] = [floats(backend, dy), floats(backend, y), floats(backend, out)];
    for (let i = done; i < size; i++) to[i] = from[i]! * slope(at[i]!);
    return out;
  };
}

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
