import * as tf from '@tensorflow/tfjs-core';
import { confidences, type ModelLike } from 'relu-overconfidence';

/** Images that are timed together, and for how long at least. */
const BATCH = 50;
const ROUNDS = 5;
const MILLISECONDS = 5000;

/**
 * How many times as long as the first model the second takes for the same predictions. They run in turn, and of each the
 * fastest run counts, which other programs have disturbed least.
 */
export async function relativeTime(bare: ModelLike, model: ModelLike, x: tf.Tensor): Promise<number> {
  const batch = tf.slice(x, 0, BATCH);
  const once = async (of: ModelLike) => {
    const start = performance.now();
    await confidences(of, batch);
    return performance.now() - start;
  };
  const begin = performance.now();
  let [fastestBare, fastest] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS || performance.now() - begin < MILLISECONDS; round++) {
    fastestBare = Math.min(fastestBare, await once(bare));
    fastest = Math.min(fastest, await once(model));
  }
  batch.dispose();
  return fastest / fastestBare;
}
