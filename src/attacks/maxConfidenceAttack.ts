import * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import type { ImageSize } from '../core/imageSize';
import { sign } from '../core/sign';
import { inParts } from './inParts';
import { broadcastable, rows, select } from './perImage';
import { type AttackTask, prepareAttack } from './prepareAttack';
import { type LinfBall, linfBall, projectLinfBall } from './projectLinf';
import { coarseCorner, perImage, scaledUniformStart } from './randomStart';
import { better, type Found, type ObjectiveAt, runAttack } from './runAttack';
import type { AttackOptions, AttackResult } from './types';

/** How much of the last direction a step keeps. */
const MOMENTUM = 0.5;
/** The share of the steps that goes along smoothed gradients, for inputs that are images. */
const SMOOTH = 0.25;

/** The point, and the direction of the last step. */
type State = { x: tf.Tensor; direction: tf.Tensor };

/**
 * The strongest attack of this library per gradient evaluation: high confidence anywhere in the L-infinity ball,
 * `max_{|u - z|_inf <= epsilon} objective(f(u))` with u in the box, in about a tenth of the steps of {@link pgdLinf},
 * unless the network is so certain that both find a confidence of 1 after a few.
 *
 * - It maximises the log-odds of the predicted class ({@link maxLogOdds}; {@link maxLogit} for a head of sigmoids), which rise with the confidence and do not saturate.
 * - Each image begins at the best of several points: the image itself, a point drawn as in {@link pgdLinf}, a random corner of
 *   the ball that is coarse (one sign for each block of a grid of up to 7 x 7), and the image with its contrast lowered and
 *   raised as far as the ball allows. Later restarts draw new points and measure contrast from another brightness.
 * - With n steps, `v_i = v_{i-1} / 2 + g / |g|_1` and `x_{i+1} = P(x_i + s_i d_i)`, i = 0, ..., n - 1, P the projection onto
 *   ball and box. In the first m = floor(n / 4) steps d_i is v_i after a low-pass, scaled to a largest entry of 1, and
 *   `s_i = epsilon (1 - i / m) / 3`: a network that has learned to take noise for noise, as by ACET, is fooled by smooth
 *   changes, and one step along the sign of a gradient already turns them into noise. In the others d_i = sign v_i, and s_i
 *   begins at the diameter of the ball: `2 epsilon (1 - (i - m) / (n - m))`. For inputs that are not images m is 0.
 *   There is no step size to choose; `stepSize` is ignored.
 * - An image whose gradient is exactly zero, where all units that could move it are dead, jumps to a new coarse corner.
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
export function maxConfidenceAttack(model: ModelLike, x: tf.Tensor, options: AttackOptions = {}): AttackResult {
  return inParts(prepareAttack('maxConfidenceAttack', model, x, options), attack);
}

function attack(task: AttackTask): AttackResult {
  const { steps, image } = task;
  const smoothSteps = image === undefined ? 0 : Math.floor(SMOOTH * steps);
  return runAttack<LinfBall, State>(task, {
    constants: () => linfBall(task),
    start: (ball, restart, best, objectiveAt) => portfolioStart(task, ball, restart, best, objectiveAt),
    begin: (start) => ({ x: start, direction: tf.zerosLike(start) }),
    step: (ball, { x: from, direction: before }, { gradient, zero }, step) => {
      const length = tf.add(tf.sum(tf.abs(rows(gradient)), 1), zero);
      const unit = tf.div(gradient, broadcastable(length, from.rank));
      const direction = tf.add(tf.mul(MOMENTUM, before), unit);
      const move =
        image !== undefined && step <= smoothSteps
          ? tf.mul((task.epsilon / 3) * (1 - (step - 1) / smoothSteps), smoothDirection(direction, image))
          : tf.mul(2 * task.epsilon * (1 - (step - 1 - smoothSteps) / (steps - smoothSteps)), sign(direction));
      const moved = projectLinfBall(tf.add(from, move), ball);
      const escaped = projectLinfBall(coarseCorner(task), ball);
      return { x: select(tf.greater(zero, 0), escaped, moved), direction };
    },
  });
}

/**
 * For each image the best of four points of the ball, told by one forward pass for each: a random point, a coarse corner,
 * the contrast lowered and the contrast raised. In the first restart the image itself competes too, with its known value.
 */
function portfolioStart(
  task: AttackTask,
  ball: LinfBall,
  restart: number,
  image: Found,
  objectiveAt: ObjectiveAt,
): tf.Tensor {
  const { center, epsilon } = task;
  const towards = tf.sub(level(task, restart), center);
  const lowered = tf.add(center, tf.clipByValue(towards, -epsilon, epsilon));
  const raised = tf.sub(center, tf.mul(epsilon, sign(towards)));
  const points = [scaledUniformStart(task), coarseCorner(task), lowered, raised].map((point) =>
    projectLinfBall(point, ball),
  );
  const none = { x: points[0]!, value: tf.fill(image.value.shape, Number.NEGATIVE_INFINITY) as tf.Tensor1D };
  const before: Found = restart === 1 ? image : none;
  return points.reduce((best, x) => better(best, { x, value: objectiveAt(x) }), before).x;
}

/** The brightness that contrast is measured from: the mean of each image, in later restarts up to epsilon beside it. */
function level(task: AttackTask, restart: number): tf.Tensor {
  const { center, epsilon, rng } = task;
  const mean = broadcastable(tf.mean(rows(center), 1), center.rank);
  if (restart === 1) return mean;
  return tf.add(
    mean,
    perImage(task, () => epsilon * (2 * rng.uniform() - 1)),
  );
}

/**
 * Directions of images after two moving averages over a quarter of the shorter side, scaled to a largest entry of 1
 * per image; zero stays zero.
 */
function smoothDirection(direction: tf.Tensor, { height, width, channels }: ImageSize): tf.Tensor {
  const window = 1 + 2 * Math.floor(Math.min(height, width) / 8);
  // The average over a rectangle is that over its rows and then its columns, in far fewer sums.
  const average = (images: tf.Tensor4D) =>
    tf.avgPool(tf.avgPool(images, [window, 1], 1, 'same'), [1, window], 1, 'same');
  const images: tf.Tensor4D = tf.reshape(direction, [-1, height, width, channels]);
  const smooth = average(average(images));
  const largest = tf.max(rows(tf.abs(smooth)), 1);
  return tf.reshape(tf.divNoNan(smooth, broadcastable(largest, 4)), direction.shape);
}
