import * as tf from '@tensorflow/tfjs-core';
import { disposing, runKernel, type WasmBackend } from '../backend';
import { type Finish, finishOf } from './product';

/** What the fused kernels of tfjs have in common. */
interface FusedCall {
  readonly inputs: { readonly bias?: tf.TensorInfo; readonly preluActivationWeights?: tf.TensorInfo };
  readonly attrs: { readonly activation: string; readonly leakyreluAlpha?: number };
  readonly backend: WasmBackend;
}

/** The kernels of activations that are not a pair of limits. */
const KERNELS: { readonly [activation: string]: string } = {
  elu: tf.Elu,
  leakyrelu: tf.LeakyRelu,
  prelu: tf.Prelu,
  sigmoid: tf.Sigmoid,
};

/**
 * The result of a kernel with bias and activation: `compute` ends its sums as told, and an activation that is more than a pair
 * of limits is the work of its own kernel. `undefined` where the stock kernel is to do it all, as for a bias that is not
 * one number for each of the `columns`.
 */
export function fused(
  { inputs: { bias, preluActivationWeights: alpha }, attrs, backend }: FusedCall,
  columns: number,
  compute: (finish: Finish) => tf.TensorInfo | undefined,
): tf.TensorInfo | undefined {
  const finish = finishOf(attrs.activation, bias);
  const after = finish === undefined ? KERNELS[attrs.activation] : undefined;
  const fits = bias === undefined || bias.shape.join() === `${columns}`;
  if (!fits || (finish ?? after) === undefined) return undefined;
  const out = compute(finish ?? finishOf('linear', bias)!);
  if (out === undefined || after === undefined) return out;
  return disposing(backend, out, (values) =>
    runKernel(backend, after, { x: values, ...(alpha && { alpha }) }, { alpha: attrs.leakyreluAlpha }),
  );
}
