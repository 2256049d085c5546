import * as tf from '@tensorflow/tfjs-core';
import type { Evaluation } from './evaluate';
import { select } from './perImage';
import type { AttackState } from './runAttack';

/** What AutoPGD knows of each image; everything without a shape is `[B]`. */
export type ApgdState = AttackState & {
  /** The point before `x`, `[B, ...inputShape]`. */
  old: tf.Tensor;
  /** Gradient at `x`, `[B, ...inputShape]`. */
  gradient: tf.Tensor;
  /** Objective at `x`. */
  value: tf.Tensor1D;
  /** Best point of this restart, with its gradient and value. */
  bestX: tf.Tensor;
  bestGradient: tf.Tensor;
  bestValue: tf.Tensor1D;
  stepSize: tf.Tensor1D;
  /** Steps since the last checkpoint that raised the objective. */
  rises: tf.Tensor1D;
  /** `bestValue` at the last checkpoint. */
  bestAtCheck: tf.Tensor1D;
  /** 1 where the step size was halved at the last checkpoint, else 0. */
  halved: tf.Tensor1D;
};

/** Share of rising steps up to which a period counts as stalled (the paper's rho). */
const RISING = 0.75;

/** The state at a start that has not been evaluated. */
export function beginApgd(x: tf.Tensor, stepSize: number): ApgdState {
  const filled = (value: number) => tf.fill([x.shape[0]!], value) as tf.Tensor1D;
  return {
    x,
    old: tf.clone(x),
    gradient: tf.zerosLike(x),
    // No value is higher, so the first evaluation does not count as a rise.
    value: filled(Number.POSITIVE_INFINITY),
    bestX: tf.clone(x),
    bestGradient: tf.zerosLike(x),
    bestValue: filled(Number.NEGATIVE_INFINITY),
    stepSize: filled(stepSize),
    rises: filled(0),
    bestAtCheck: filled(Number.NEGATIVE_INFINITY),
    halved: filled(0),
  };
}

/** The state after `x` has been evaluated; the first evaluation is checkpoint 0, at which nothing is halved. */
export function observe(state: ApgdState, { value, gradient }: Evaluation, first: boolean): ApgdState {
  const improved = tf.greater(value, state.bestValue);
  const bestValue = tf.where(improved, value, state.bestValue);
  return {
    x: tf.clone(state.x),
    old: state.old,
    gradient,
    value,
    bestX: select(improved, state.x, state.bestX),
    bestGradient: select(improved, gradient, state.bestGradient),
    bestValue,
    stepSize: tf.clone(state.stepSize),
    rises: tf.add(state.rises, tf.cast(tf.greater(value, state.value), 'float32')),
    bestAtCheck: tf.clone(first ? bestValue : state.bestAtCheck),
    halved: tf.clone(state.halved),
  };
}

/** The state after a checkpoint that ends a period of so many steps. */
export function lookBack(state: ApgdState, period: number): ApgdState {
  const { bestX, bestGradient, bestValue, stepSize } = state;
  const tooFewRises = tf.lessEqual<tf.Tensor1D>(state.rises, RISING * period);
  const unchanged = tf.logicalAnd<tf.Tensor1D>(tf.equal(state.halved, 0), tf.equal(state.bestAtCheck, bestValue));
  const stalled = tf.logicalOr<tf.Tensor1D>(tooFewRises, unchanged);
  return {
    ...state,
    x: select(stalled, bestX, state.x),
    gradient: select(stalled, bestGradient, state.gradient),
    value: tf.where(stalled, bestValue, state.value),
    stepSize: tf.where(stalled, tf.div<tf.Tensor1D>(stepSize, 2), stepSize),
    rises: tf.zerosLike(state.rises),
    bestAtCheck: tf.clone(bestValue),
    halved: tf.cast(stalled, 'float32'),
  };
}
