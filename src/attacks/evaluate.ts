import * as tf from '@tensorflow/tfjs-core';
import { differentiate } from '../classifier/differentiate';
import { refuse, show } from '../core/check';
import { broadcastable, rows } from './perImage';
import type { AttackTask } from './prepareAttack';

/** The objective at a point, with the gradient made safe to follow. */
export interface Evaluation {
  /** `[B]`. */
  readonly value: tf.Tensor1D;
  /** `[B, ...inputShape]`, finite: NaN and infinite entries are zero. */
  readonly gradient: tf.Tensor;
  /** `[B]`, 1 where the whole gradient is zero, else 0. */
  readonly zero: tf.Tensor1D;
  /** `[B]`, 1 where entries had to be replaced, else 0. */
  readonly nonFinite: tf.Tensor1D;
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** Objective and gradient of every image from one forward and one backward pass; nothing is read back. */
export function evaluate(task: AttackTask, x: tf.Tensor): Evaluation {
  const ones = tf.ones([x.shape[0]!]) as tf.Tensor1D;
  const valueAndGradient = tf.valueAndGrad((point: tf.Tensor) => objectiveAt(task, point));
  const { value, grad } = differentiate(task.fn, () => valueAndGradient(x, ones));
  // A comparison, because IsFinite is not among the kernels of every backend; it is false for NaN.
  const finite = tf.lessEqual(tf.abs(grad), FLOAT32_MAX);
  const gradient = tf.where(finite, grad, tf.zerosLike(grad));
  return {
    value,
    gradient,
    zero: tf.cast(tf.equal<tf.Tensor1D>(largestEntry(gradient), 0), 'float32'),
    nonFinite: tf.sub(1, tf.cast(tf.all<tf.Tensor1D>(rows(finite), 1), 'float32')),
  };
}

/** The objective alone, `[B]`, from one forward pass in inference mode. */
export function objectiveAt(task: AttackTask, x: tf.Tensor): tf.Tensor1D {
  const value: unknown = task.objective(task.classifier.logits(x));
  const batch = x.shape[0]!;
  if (!(value instanceof tf.Tensor) || value.rank !== 1 || value.shape[0] !== batch)
    refuse(
      { fn: task.fn, argument: 'objective' },
      'INVALID_SHAPE',
      `a function that returns one number per example, shape [${batch}]`,
      value instanceof tf.Tensor ? `a result of shape [${value.shape.join(', ')}]` : show(value),
      'Reduce over the classes only, not over the batch.',
    );
  return value as tf.Tensor1D;
}

/** Gradients scaled to Euclidean length 1 per image; zero stays zero. */
export function unitLength(gradient: tf.Tensor): tf.Tensor {
  // Dividing by the largest entry first keeps the squares of tiny gradients from vanishing in float32.
  const largest = largestEntry(gradient);
  const scale = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  const scaled = tf.div(gradient, broadcastable(scale, gradient.rank));
  const norm = tf.maximum(1, tf.sqrt(tf.sum(tf.square(rows(scaled)), 1)));
  return tf.div(scaled, broadcastable(norm, gradient.rank));
}

function largestEntry(gradient: tf.Tensor): tf.Tensor1D {
  return tf.max<tf.Tensor1D>(rows(tf.abs(gradient)), 1);
}
