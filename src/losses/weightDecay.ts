import * as tf from '@tensorflow/tfjs-core';
import { refuse, show } from '../core/check';
import { checkTensor } from '../core/checkTensor';

/**
 * Sum of the squares of all entries of all given variables, without a factor 1/2.
 *
 * Multiply it with the decay rate (5e-4 in the paper's experiments). Which variables decay is the caller's choice; a
 * classifier lists the paper's, convolution and dense kernels and dense biases, as `decayed`.
 *
 * @param variables - Variables or tensors of any shape; an empty list gives 0.
 * @returns A differentiable scalar; the caller owns it.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if it is not a list of live tensors.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { weightDecay } from 'relu-overconfidence';
 *
 * const sum = weightDecay([tf.variable(tf.tensor1d([3, 4])), tf.variable(tf.scalar(2))]);
 * console.log(await sum.data()); // [ 29 ]
 * ```
 */
export function weightDecay(variables: readonly tf.Tensor[]): tf.Scalar {
  const where = { fn: 'weightDecay', argument: 'variables' };
  if (!Array.isArray(variables))
    refuse(
      where,
      'INVALID_ARGUMENT',
      'a list of variables',
      show(variables),
      'Pass `model.decayed`, or wrap it in [].',
    );
  for (const variable of variables) checkTensor(where, variable);
  return tf.tidy(() =>
    variables.reduce<tf.Scalar>((sum, v) => tf.add(sum, tf.sum<tf.Scalar>(tf.square(v))), tf.scalar(0)),
  );
}
