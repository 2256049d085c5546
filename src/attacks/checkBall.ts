import type * as tf from '@tensorflow/tfjs-core';
import { checkPositive, refuse } from '../core/check';
import { checkTensor } from '../core/checkTensor';

/** A point and the ball it is projected onto: tensors of one shape and a radius > 0. */
export function checkBall(fn: string, x: tf.Tensor, center: tf.Tensor, epsilon: number): void {
  checkTensor({ fn, argument: 'x' }, x);
  checkTensor({ fn, argument: 'center' }, center);
  if (center.shape.length !== x.shape.length || center.shape.some((size, i) => size !== x.shape[i]))
    refuse(
      { fn, argument: 'center' },
      'INVALID_SHAPE',
      `of the shape of \`x\`, [${x.shape.join(', ')}]`,
      `shape [${center.shape.join(', ')}]`,
      'Pass one centre for each example.',
    );
  checkPositive({ fn, argument: 'epsilon' }, epsilon);
}
