import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { sign } from '../core/sign';
import { apgdCheckpoints } from './apgdCheckpoints';
import { type ApgdState, beginApgd, lookBack, observe } from './apgdState';
import { type LinfBall, linfBall, projectLinfBall } from './linfBall';
import { broadcastable } from './perImage';
import { prepareAttack } from './prepareAttack';
import { surfaceStart } from './randomStart';
import { runAttack } from './runAttack';
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
  const task = prepareAttack('apgdLinf', model, x, options);
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
