import type * as tf from '@tensorflow/tfjs-core';
import { type Kernel, view } from '../backend';
import { simd } from '../simd/simd';
import { isSingleProduct, packedProduct, suitsPacking } from './batchMatMul';
import { fused } from './fused';

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
