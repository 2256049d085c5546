import * as tf from '@tensorflow/tfjs-core';
import { disposing, type Kernel, runKernel, view, type WasmBackend } from '../backend';
import { simd } from '../simd/simd';
import { isSingleProduct, packedProduct, suitsPacking } from './batchMatMul';
import { convolve, sizesOf } from './conv2D';
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

type FusedMatMul = Kernel<tf._FusedMatMulInputs, tf._FusedMatMulAttrs>;

/** A product of matrices with bias and activation, the form of a dense layer in inference. */
export function fusedMatMul(stock: FusedMatMul): FusedMatMul {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const { a, b } = inputs;
    const vectors = simd(backend);
    if (vectors === null || attrs.transposeA || !isSingleProduct(a) || !isSingleProduct(b)) return stock(call);
    const [left, right] = [view(a, a.shape.slice(-2)), view(b, b.shape.slice(-2))];
    const [rows, columns] = [left.shape[0]!, right.shape[attrs.transposeB ? 0 : 1]!];
    if (!suitsPacking(rows, columns)) return stock(call);
    const out = fused(call, columns, (finish) =>
      packedProduct(backend, vectors, left, right, attrs.transposeB, finish),
    );
    return out ? view(out, [...a.shape.slice(0, -2), rows, columns]) : stock(call);
  };
}
