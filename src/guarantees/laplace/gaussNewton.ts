import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { refuse } from '../../core/check';
import { follow } from '../../core/follow';
import type { ProgressOptions } from '../../core/progress';
import { softmax } from '../../core/softmax';
import type { Head } from './head';

/** The Kronecker factors of the Gauss-Newton matrix of the last layer, as sums over the data. */
export interface GaussNewton {
  /** `sum phi phi^T`, D x D. */
  readonly features: Float64Array;
  /** The mean of `diag(p) - p p^T`, K x K. */
  readonly outputs: Float64Array;
}

/** How the data is run through. Progress is counted in examples. */
export interface PassOptions extends ProgressOptions {
  /** Examples per forward pass. @defaultValue 256 */
  readonly batchSize?: number;
}

/** One pass over the data for both factors; the products of features are summed in float32 within a batch. */
export async function gaussNewton(
  fn: string,
  net: Classifier,
  head: Head,
  x: tf.Tensor,
  { batchSize = 256, ...watching }: PassOptions,
): Promise<GaussNewton> {
  const count = x.shape[0]!;
  const features = new Float64Array(head.size ** 2);
  const outputs = new Float64Array(net.classes ** 2);
  const tell = follow(fn, watching, count);
  for (let start = 0; start < count; start += batchSize) {
    const size = Math.min(batchSize, count - start);
    const [products, logits] = tf.tidy(() => {
      const phi = head.features(tf.slice(x, start, size));
      return [tf.matMul(phi, phi, true, false), head.logits(phi)];
    });
    const [added, rows] = await Promise.all([products!.data(), logits!.data()]).finally(() =>
      tf.dispose([products, logits]),
    );
    checkNumbers(fn, added);
    for (let i = 0; i < added.length; i++) features[i]! += added[i]!;
    for (let n = 0; n < size; n++)
      addSpread(outputs, softmax(Float64Array.from(rows.subarray(n * net.classes, (n + 1) * net.classes))), count);
    tell(start + size, 'examples');
  }
  return { features, outputs };
}

/** Adds `(diag(p) - p p^T) / count`, with `p_k - p_k^2` as p_k times the sum of the others, which does not cancel. */
function addSpread(outputs: Float64Array, p: Float64Array, count: number): void {
  const classes = p.length;
  for (let k = 0; k < classes; k++)
    for (let j = 0; j < classes; j++) {
      if (j === k) continue;
      const product = (p[k]! * p[j]!) / count;
      outputs[k * classes + j]! -= product;
      outputs[k * classes + k]! += product;
    }
}

function checkNumbers(fn: string, values: ArrayLike<number>): void {
  if (Array.from(values).every(Number.isFinite)) return;
  refuse(
    { fn, argument: 'model' },
    'NON_FINITE',
    'a model with finite features on `x`',
    'NaN or infinite features',
    'Look for NaN weights, or inputs so large that float32 overflows.',
  );
}
