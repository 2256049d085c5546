import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { sign } from '../core/sign';
import { inParts } from './inParts';
import { broadcastable, select } from './perImage';
import { type AttackTask, prepareAttack } from './prepareAttack';
import { type LinfBall, linfBall, projectLinfBall } from './projectLinf';
import { surfaceStart } from './randomStart';
import { type AttackState, type Evaluation, runAttack } from './runAttack';
import type { AttackOptions, AttackResult } from './types';

/** Weight of the new step against the last movement (the paper's alpha). */
const NEW = 0.75;

/**
 * AutoPGD in the L-infinity ball (Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of
 * diverse parameter-free attacks", ICML 2020): gradient ascent with momentum whose step size needs no tuning.
 *
 * Every image has its own step size, 2 epsilon at first. At checkpoints it is halved, and the search goes on from the best
 * point so far, if the objective rose in at most 75 % of the steps since the last checkpoint, or if the step size was not
 * halved there and the best value has not changed since. Each step is
 *
 * `u = P(x + eta sign g)`, `x+ = P(x + 0.75 (u - x) + 0.25 (x - x_old))`,
 *
 * P the projection onto ball and box, the first one without momentum. The start is on the surface of the ball. All
 * decisions are made by tensor operations, so nothing is read back inside the loop. Options that are not about the step
 * size are as in {@link pgdLinf}; 100 steps are usual, 500 for a worst-case evaluation.
 *
 * @param model - A model; see {@link classifier}. A GraphModel or function must be made of operations with gradients.
 * @param x - `[B, ...inputShape]`, float32, inside the bounds.
 * @returns Tensors that the caller owns, and counts.
 * @throws OverconfidenceError `INVALID_OPTION` for an option out of range; `INVALID_SHAPE` or `EMPTY_INPUT` for `x`, or
 *   `INVALID_SHAPE` if the objective does not return one number per example; `OUT_OF_BOUNDS` or `NON_FINITE` for values of
 *   `x` (not checked on webgpu); `GRADIENTS_NOT_REGISTERED`; `ABORTED`, with nothing left behind.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { apgdLinf, maxLogOdds, uniformNoise } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 3 })] });
 * const noise = uniformNoise([8, 4], { seed: 1 });
 * const { objective } = apgdLinf(model, noise, { epsilon: 0.1, steps: 30, restarts: 2, objective: maxLogOdds });
 * console.log(objective.shape); // [ 8 ]
 * ```
 */
export function apgdLinf(model: ModelLike, x: tf.Tensor, options: AttackOptions = {}): AttackResult {
  return inParts(prepareAttack('apgdLinf', model, x, options), attack);
}

function attack(task: AttackTask): AttackResult {
  const checkpoints = apgdCheckpoints(task.steps);
  return runAttack<LinfBall, ApgdState>(task, {
    constants: () => linfBall(task),
    start: (ball) => projectLinfBall(surfaceStart(task), ball),
    begin: (start) => beginApgd(start, 2 * task.epsilon),
    step: (ball, state, at, step) => {
      const seen = observe(state, at, step === 1);
      const period = checkpoints.get(step - 1);
      const now = period === undefined ? seen : lookBack(seen, period);
      return { ...now, x: move(now, ball, step === 1 ? 1 : NEW), old: tf.clone(now.x) };
    },
  });
}

/** The point after one step with momentum. */
function move({ x, old, gradient, stepSize }: ApgdState, ball: LinfBall, weight: number): tf.Tensor {
  const stepped = projectLinfBall(tf.add(x, tf.mul(broadcastable(stepSize, x.rank), sign(gradient))), ball);
  return projectLinfBall(tf.addN([x, tf.mul(weight, tf.sub(stepped, x)), tf.mul(1 - weight, tf.sub(x, old))]), ball);
}

/**
 * Iterations at which AutoPGD looks back on its progress: `w_j = ceil(p_j n)` with p_0 = 0, p_1 = 0.22 and
 * `p_{j+1} = p_j + max(p_j - p_{j-1} - 0.03, 0.06)` (Croce and Hein, ICML 2020, section 3.3), those below n.
 *
 * @returns For each w_j the number of iterations since w_{j-1}.
 */
export function apgdCheckpoints(steps: number): ReadonlyMap<number, number> {
  const periods = new Map<number, number>();
  let before = 0;
  // In hundredths, where the sums are exact and the ceiling does not depend on rounding.
  for (let p = 22, gap = 22; p < 100; gap = Math.max(gap - 3, 6), p += gap) {
    const at = Math.ceil((p * steps) / 100);
    if (at > before && at < steps) periods.set(at, at - before);
    before = at;
  }
  return periods;
}

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
