import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { inParts } from './inParts';
import { broadcastable, rows } from './perImage';
import { type AttackTask, prepareAttack } from './prepareAttack';
import { projectBox } from './projectBox';
import { projectL2 } from './projectL2';
import { ballStart } from './randomStart';
import { largestEntry, runAttack } from './runAttack';
import type { AttackResult, PgdOptions } from './types';

/**
 * Projected gradient ascent in the Euclidean ball: `max_{|u - z|_2 <= epsilon} objective(f(u))`, u in the box.
 *
 * Each step moves by `stepSize` along the normalised gradient; then the point is clipped to the box and shrunk towards the
 * image until it is in the ball, which keeps it in the box. The start is uniform in the ball. Everything else is as in
 * {@link pgdLinf}. The default step, 2.5 epsilon / steps, lets the attack cross the ball and still settle (Madry et al.,
 * ICLR 2018).
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
 * import { uniformNoise, pgdL2 } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 3 })] });
 * const { adversarial } = pgdL2(model, uniformNoise([8, 4], { seed: 1 }), { epsilon: 0.5, steps: 20 });
 * console.log(adversarial.shape); // [ 8, 4 ]
 * ```
 */
export function pgdL2(model: ModelLike, x: tf.Tensor, options: PgdOptions = {}): AttackResult {
  return inParts(prepareAttack('pgdL2', model, x, options), attack);
}

function attack(task: AttackTask): AttackResult {
  const project = (u: tf.Tensor) => {
    const inBall = projectL2(projectBox(u, task.bounds), task.center, task.epsilon);
    // Where a GPU rounds loosely, shrinking may end an ulp outside the box; clipping takes it no farther from the image.
    return projectBox(inBall, task.bounds);
  };
  return runAttack(task, {
    constants: () => ({}),
    start: () => project(ballStart(task)),
    begin: (start) => ({ x: start }),
    step: (_, state, { gradient }) => ({ x: project(tf.add(state.x, tf.mul(task.stepSize!, unitLength(gradient)))) }),
  });
}

/** Gradients scaled to Euclidean length 1 per image; zero stays zero. */
function unitLength(gradient: tf.Tensor): tf.Tensor {
  // Dividing by the largest entry first keeps the squares of tiny gradients from vanishing in float32.
  const largest = largestEntry(gradient);
  const scale = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
  const scaled = tf.div(gradient, broadcastable(scale, gradient.rank));
  const norm = tf.maximum(1, tf.sqrt(tf.sum(tf.square(rows(scaled)), 1)));
  return tf.div(scaled, broadcastable(norm, gradient.rank));
}
