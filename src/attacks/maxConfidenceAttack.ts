import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { maxLogOdds } from '../losses/maxLogOdds';
import { type LinfBall, linfBall, projectLinfBall } from './linfBall';
import { broadcastable, rows, select } from './perImage';
import { portfolioStart } from './portfolioStart';
import { prepareAttack } from './prepareAttack';
import { corner } from './randomStart';
import { runAttack } from './runAttack';
import type { AttackOptions, AttackResult } from './types';

/** How much of the last direction a step keeps. */
const MOMENTUM = 0.5;

/** The point, and the direction of the last step. */
type State = { x: tf.Tensor; direction: tf.Tensor };

/**
 * The strongest attack of this library per gradient evaluation: high confidence anywhere in the L-infinity ball,
 * `max_{|u - z|_inf <= epsilon} objective(f(u))` with u in the box, in about a tenth of the steps of {@link pgdLinf}.
 *
 * - It maximises the log-odds of the predicted class ({@link maxLogOdds}), which rise with the confidence and do not saturate.
 * - Each image begins at the best of several points: the image itself, a point drawn as in {@link pgdLinf}, a random corner of
 *   the ball, and the image with its contrast lowered and raised as far as the ball allows. Later restarts draw new points
 *   and raise the contrast about another level of brightness.
 * - The steps start at the diameter of the ball and shrink to zero: with n steps,
 *   `v_i = v_{i-1} / 2 + g / |g|_1`, `x_{i+1} = P(x_i + 2 epsilon (1 - i / n) sign v_i)`, i = 0, ..., n - 1, P the projection
 *   onto ball and box. There is no step size to choose; `stepSize` is ignored.
 * - An image whose gradient is exactly zero, where all units that could move it are dead, jumps to a new random corner.
 *
 * Each image returns the best point it met, itself included. The cost is `steps` times `restarts` gradient passes; besides
 * them forward passes, each about a third of a gradient pass: one for the images, four per restart to choose
 * the starts, and one per restart at its end. Nothing is read back inside the loop. With `randomStart: false` every restart
 * begins at the image itself, and no start is chosen.
 *
 * @param model - A model; see {@link classifier}. A GraphModel or function must be made of operations with gradients.
 * @param x - `[B, ...inputShape]`, float32, inside the bounds.
 * @param options - As for {@link pgdLinf}, but 20 steps unless told otherwise, and `objective` {@link maxLogOdds}.
 * @returns Tensors that the caller owns, and counts.
 * @throws OverconfidenceError `INVALID_OPTION` for an option out of range; `INVALID_SHAPE` or `EMPTY_INPUT` for `x`, or
 *   `INVALID_SHAPE` if the objective does not return one number per example; `OUT_OF_BOUNDS` or `NON_FINITE` for values of
 *   `x` (not checked on webgpu); `GRADIENTS_NOT_REGISTERED`; `ABORTED`, with nothing left behind.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { confidences, maxConfidenceAttack, uniformNoise } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 3 })] });
 * const noise = uniformNoise([8, 4], { seed: 1 });
 * const { adversarial } = maxConfidenceAttack(model, noise, { epsilon: 0.1, seed: 1 });
 * console.log(await confidences(model, adversarial)); // none lower than before
 * ```
 */
export function maxConfidenceAttack(
  model: ModelLike,
  x: tf.Tensor,
  { steps = 20, objective = maxLogOdds, ...options }: AttackOptions = {},
): AttackResult {
  const task = prepareAttack('maxConfidenceAttack', model, x, { ...options, steps, objective });
  return runAttack<LinfBall, State>(task, {
    constants: () => linfBall(task),
    start: (ball, restart, best) => portfolioStart(task, ball, restart, best),
    begin: (start) => ({ x: start, direction: tf.zerosLike(start) }),
    step: (ball, { x: from, direction: before }, { gradient, zero }, step) => {
      const length = tf.add(tf.sum(tf.abs(rows(gradient)), 1), zero);
      const unit = tf.div(gradient, broadcastable(length, from.rank));
      const direction = tf.add(tf.mul(MOMENTUM, before), unit);
      const stepSize = 2 * task.epsilon * (1 - (step - 1) / steps);
      const moved = projectLinfBall(tf.add(from, tf.mul(stepSize, tf.sign(direction))), ball);
      const escaped = projectLinfBall(corner(task), ball);
      return { x: select(tf.greater(zero, 0), escaped, moved), direction };
    },
  });
}
