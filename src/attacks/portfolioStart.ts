import * as tf from '@tensorflow/tfjs-core';
import { sign } from '../core/sign';
import { coarseCorner } from './coarseCorner';
import { objectiveAt } from './evaluate';
import { type LinfBall, projectLinfBall } from './linfBall';
import { broadcastable, rows } from './perImage';
import type { AttackTask } from './prepareAttack';
import { perImage, scaledUniformStart } from './randomStart';
import { better, type Found } from './runAttack';

/**
 * For each image the best of four points of the ball, told by one forward pass for each: a random point, a coarse corner,
 * the contrast lowered and the contrast raised. In the first restart the image itself competes too, with its known value.
 */
export function portfolioStart(task: AttackTask, ball: LinfBall, restart: number, image: Found): tf.Tensor {
  const { center, epsilon } = task;
  const towards = tf.sub(level(task, restart), center);
  const lowered = tf.add(center, tf.clipByValue(towards, -epsilon, epsilon));
  const raised = tf.sub(center, tf.mul(epsilon, sign(towards)));
  const points = [scaledUniformStart(task), coarseCorner(task), lowered, raised].map((point) =>
    projectLinfBall(point, ball),
  );
  const none = { x: points[0]!, value: tf.fill(image.value.shape, Number.NEGATIVE_INFINITY) as tf.Tensor1D };
  const before: Found = restart === 1 ? image : none;
  return points.reduce((best, x) => better(best, { x, value: objectiveAt(task, x) }), before).x;
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
