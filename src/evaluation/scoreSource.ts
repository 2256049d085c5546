import * as tf from '@tensorflow/tfjs-core';
import { rowLogOdds } from '../classifier/logOdds';
import { argMax } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { throwIfAborted } from '../core/abort';
import { nextTask } from '../core/nextTask';
import type { OodSource } from './oodSources';
import type { Runner } from './runner';

const fn = 'evaluateOod';

/** What the classifier says to each image of a source. */
export interface Scored {
  /** Log-odds of the predicted class. */
  readonly logOdds: Float64Array;
  /** The predicted class. */
  readonly predicted: Int32Array;
}

/** A gradient, one forward and one backward pass, takes about as long as three forward passes. */
const PASSES_PER_GRADIENT = 3;

/** The work in a source, in forward passes of one image. */
export function passesOf({ samples, gradients }: OodSource): number {
  return samples * passesPerImage(gradients);
}

/** Makes and classifies the images of a source, batch by batch; `onPasses` is told the passes done, never fewer than before. */
export async function scoreSource(
  runner: Runner,
  net: Classifier,
  source: OodSource,
  onPasses: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Scored> {
  const { samples, batchSize, gradients } = source;
  const logOdds = new Float64Array(samples);
  const predicted = new Int32Array(samples);
  for (let start = 0; start < samples; start += batchSize) {
    const before = start * passesPerImage(gradients);
    const scored = await scoreBatch(runner, net, source, start, (done) => onPasses(before + done), signal);
    logOdds.set(scored.logOdds, start);
    predicted.set(scored.predicted, start);
  }
  return { logOdds, predicted };
}

/** The same for the one batch that begins with the image `start`. */
export async function scoreBatch(
  runner: Runner,
  net: Classifier,
  { samples, batchSize, gradients, make }: OodSource,
  start: number,
  onPasses: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<Scored> {
  throwIfAborted(fn, signal);
  const size = Math.min(batchSize, samples - start);
  const logOdds = new Float64Array(size);
  const predicted = new Int32Array(size);
  let steps = 0;
  const onStep = () => {
    throwIfAborted(fn, signal);
    // An attack that takes more steps than it was asked for must not run ahead of the batches.
    steps = Math.min(steps + 1, gradients);
    onPasses(size * steps * PASSES_PER_GRADIENT);
  };
  const images = await make(start, size, onStep);
  try {
    const { values, classes } = await runner.logits(fn, net, images, { batchSize: size });
    for (let i = 0; i < size; i++) {
      logOdds[i] = rowLogOdds(values, i * classes, classes);
      predicted[i] = argMax(values, i * classes, classes);
    }
  } finally {
    tf.dispose(images);
  }
  onPasses(size * passesPerImage(gradients));
  await nextTask();
  return { logOdds, predicted };
}

function passesPerImage(gradients: number): number {
  return 1 + PASSES_PER_GRADIENT * gradients;
}
