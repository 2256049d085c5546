import * as tf from '@tensorflow/tfjs-core';
import { maxConfidenceAttack } from '../../attacks/maxConfidenceAttack';
import { confidences } from '../../classifier/confidences';
import type { Divided } from '../../classifier/divide';
import { factsOf } from '../../classifier/factsOf';
import { rowLogOdds } from '../../classifier/logOdds';
import { argMax, readLogits } from '../../classifier/readLogits';
import type { Classifier } from '../../classifier/types';
import { nextTask, throwIfAborted } from '../../core/pausing';
import { createRng } from '../../core/rng';
import { drawNoise } from '../cedaStep';
import type { FineTuneTask } from './checkFineTune';
import { featuresOf } from './source';
import type { Split } from './split';
import type { FineTuneMeasurement } from './types';

const fn = 'fineTune';

/** Values that the noise may have together where the caller does not say how many images, and images at least and at most. */
const [VALUES, FEWEST, MOST] = [1_200_000, 8, 100];

/** Measures a model again and again on the same examples and the same noise. */
export interface Meter {
  /** With an attack of so many steps. */
  readonly measure: (steps: number) => Promise<Measured>;
  readonly dispose: () => void;
}

/** The numbers, and which examples are wrong. */
export interface Measured {
  readonly numbers: FineTuneMeasurement;
  readonly wrong: Uint8Array;
}

/** Draws the noise, from the validation data. Of a divided model the first part is run once on all but what is attacked. */
export async function meterOf(
  task: FineTuneTask,
  { validation, labels }: Split,
  divided: Divided | undefined,
): Promise<Meter> {
  const { net, options } = task;
  const { epsilon, memory, signal, seed = 0 } = options;
  const size = tf.util.sizeFromShape([...net.inputShape]);
  const samples = options.samples ?? Math.min(MOST, Math.max(FEWEST, Math.floor(VALUES / size)));
  const rng = createRng(seed).fork('validation');
  const noise = tf.tidy(() => {
    const rows = Array.from({ length: samples }, (_, i) => i % labels.length);
    const images = tf.gather(validation.x, tf.tensor1d(rows, 'int32'));
    return drawNoise(fn, net, images, { rng: rng.fork('noise'), ...(options.noise && { noise: options.noise }) });
  });
  const [seen, dataSeen, noiseSeen] =
    divided === undefined
      ? [net, validation.x, noise]
      : [
          { ...factsOf(net), inputShape: divided.featureShape, logits: (x: tf.Tensor) => divided.logits(x) },
          await featuresOf(task, divided, labels.length, (first, count) => tf.slice(validation.x, first, count)),
          await featuresOf(task, divided, samples, (first, count) => tf.slice(noise, first, count)),
        ];
  const reading = { ...(memory !== undefined && { memory }), ...(signal && { signal }) };
  const meanOf = async (of: Classifier, x: tf.Tensor) => mean(await confidences(of, x, reading));
  /** In parts between which the event loop has its turn. */
  const attacked = async (steps: number): Promise<number> => {
    const part = Math.max(1, Math.ceil(samples / 8));
    let sum = 0;
    for (let first = 0; first < samples; first += part) {
      throwIfAborted(fn, signal);
      const count = Math.min(part, samples - first);
      const adversarial = tf.tidy(
        () =>
          maxConfidenceAttack(net, tf.slice(noise, first, count), {
            steps,
            rng: rng.fork('attack'),
            rows: { first, of: samples },
            ...(epsilon !== undefined && { epsilon }),
            ...(memory !== undefined && { memory }),
            ...(signal && { signal }),
          }).adversarial,
      );
      try {
        sum += count * (await meanOf(net, adversarial));
      } finally {
        adversarial.dispose();
      }
      await nextTask();
    }
    return sum / samples;
  };
  const measure = async (steps: number): Promise<Measured> => {
    const { values, classes, count, head } = await readLogits(fn, seen, dataSeen, reading);
    const wrong = Uint8Array.from(labels, (label, i) => (argMax(values, i * classes, classes) === label ? 0 : 1));
    const sure = Float64Array.from(
      { length: count },
      (_, i) => 1 / (1 + Math.exp(-rowLogOdds(values, i * classes, classes, head))),
    );
    return {
      numbers: {
        error: mean(wrong),
        confidence: mean(sure),
        noise: await meanOf(seen, noiseSeen),
        attackedNoise: await attacked(steps),
      },
      wrong,
    };
  };
  return { measure, dispose: () => tf.dispose(divided === undefined ? noise : [noise, dataSeen, noiseSeen]) };
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
