import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { sign } from '../core/sign';
import { inParts } from './inParts';
import { type AttackTask, prepareAttack } from './prepareAttack';
import { linfBall, projectLinfBall } from './projectLinf';
import { scaledUniformStart } from './randomStart';
import { runAttack } from './runAttack';
import type { AttackResult, PgdOptions } from './types';

/**
 * Projected gradient ascent in the L-infinity ball: the inner maximisation of ACET, equation (4) of arXiv 1812.05720,
 *
 * `max_{|u - z|_inf <= epsilon} objective(f(u))`, with u in the box of valid inputs.
 *
 * Each step moves by `stepSize` times the sign of the gradient and projects onto box and ball. The start is the paper's
 * released one, `z + u t` with t uniform in the cube and one u ~ U(0, 1) per image. The model runs in inference mode and
 * is not changed: batch-norm averages stay as they are. Nothing is read back inside the loop. The cost is `steps` times
 * `restarts` gradient passes, one forward pass per restart, and one for the images themselves.
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
 * import { uniformNoise, pgdLinf } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 3 })] });
 * const noise = uniformNoise([8, 4], { seed: 1 });
 * const { adversarial, objective, gradientEvaluations } = pgdLinf(model, noise, { epsilon: 0.1, steps: 20, seed: 1 });
 * console.log(adversarial.shape, gradientEvaluations); // [ 8, 4 ] 20
 * console.log(await objective.data()); // log-confidence of each image after the attack
 * ```
 */
export function pgdLinf(model: ModelLike, x: tf.Tensor, options: PgdOptions = {}): AttackResult {
  return inParts(prepareAttack('pgdLinf', model, x, options), attack);
}

function attack(task: AttackTask): AttackResult {
  return runAttack(task, {
    constants: () => linfBall(task),
    start: (ball) => projectLinfBall(scaledUniformStart(task), ball),
    begin: (start) => ({ x: start }),
    step: (ball, { x: from }, { gradient }) => ({
      x: projectLinfBall(tf.add(from, tf.mul(task.stepSize!, sign(gradient))), ball),
    }),
  });
}
