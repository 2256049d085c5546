import * as tf from '@tensorflow/tfjs-core';
import { evaluateOod, type LabelledData, paperNoise } from 'relu-overconfidence';
import { progressBar } from '../support/progressBar';
import type { Method } from './methods';

/** Radius of the ball around noise, in the maximum norm: the paper's. */
export const EPSILON = 0.3;
const ATTACK = { epsilon: EPSILON, stepSize: 0.0075, steps: 200 } as const;
/** One line of the table. */
export interface Measured {
  /** Share of test images that are classified wrongly. */
  readonly testError: number;
  /** Mean confidence on the test images. */
  readonly inMmc: number;
  /** Mean confidence on adversarial noise. */
  readonly mmc: number;
  readonly auroc: number;
  readonly fprAt95: number;
  /** Mean of what the confidence in the balls around the same noise is certified not to exceed. */
  readonly certifiedMmc: number;
}

/** Attacks noise within the ball as the paper does, and certifies the same balls. */
export async function measure(method: Method, test: LabelledData, attacked: number): Promise<Measured> {
  const noise = tf.tidy(() => paperNoise(tf.slice(test.x, 0, attacked), { seed: 1 }));
  const { testError, rows } = await evaluateOod(method.model, {
    in: test,
    noise: false,
    adversarialNoise: { ...ATTACK, samples: attacked, start: ({ shape }) => tf.slice(noise, 0, shape[0]!) },
    adversarialSamples: false,
    attackBatchSize: attacked,
    seed: 1,
    onProgress: progressBar(method.name),
  });
  const [inside, adversarial] = [rows[0]!, rows[1]!];
  const certified = await method.certified(noise, EPSILON);
  noise.dispose();
  return {
    testError,
    inMmc: inside.meanMaxConfidence!,
    mmc: adversarial.meanMaxConfidence!,
    auroc: adversarial.auroc!,
    fprAt95: adversarial.fprAt95!,
    certifiedMmc: certified.reduce((a, b) => a + b) / certified.length,
  };
}
