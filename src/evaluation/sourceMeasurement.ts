import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';
import { refuse } from '../core/check';
import { nextTask } from '../core/pausing';
import { checkConfidences, checkScores } from '../metrics/checkScores';
import { batchOdds } from './attackBatch';
import type { BlockResult, Measurement } from './measureBlocks';
import type { OodSource } from './oodSources';
import type { Runner } from './runner';

const fn = 'evaluateOod';

/** A gradient, one forward and one backward pass, takes about as long as three forward passes. */
const PASSES_PER_GRADIENT = 3;
/** About how many forward passes an image's interval bounds in float64 take as long as. */
const PASSES_PER_BOUND = 100;

/** A row as a measurement: its images are made, classified and disposed of, batch by batch. */
export function sourceMeasurement(
  runner: Runner,
  net: Classifier,
  { name, kind, samples, batchSize, gradients, labels, memory, bound, score, make }: OodSource,
  /** What is to be kept of the images themselves. */
  look: (images: tf.Tensor, start: number) => Promise<BlockResult> = async () => ({}),
): Measurement {
  return {
    name,
    kind,
    samples,
    blockSize: batchSize,
    cost: 1 + PASSES_PER_GRADIENT * gradients + (bound === undefined ? 0 : PASSES_PER_BOUND),
    required: kind === 'in',
    run: async (start, size, onWork) => {
      let steps = 0;
      const onStep = () => {
        // An attack that takes more steps than it was asked for must not run ahead of the batches.
        steps = Math.min(steps + 1, gradients);
        onWork(size * steps * PASSES_PER_GRADIENT);
      };
      const { images, blindImages } = await make(start, size, onStep);
      try {
        if (score !== undefined) {
          const scores = await checkedScores(score, images);
          return { scores, ...(blindImages !== undefined && { blindImages: [blindImages] }) };
        }
        const seen = await look(images, start);
        const { logOdds, predicted } = await batchOdds(runner, net, images, memory);
        return {
          logOdds,
          predicted,
          ...(labels && { labels: [...labels.subarray(start, start + size)] }),
          ...(blindImages !== undefined && { blindImages: [blindImages] }),
          ...(bound && { bounds: await boundsOf(bound, images, size, onWork) }),
          ...seen,
        };
      } finally {
        tf.dispose(images);
      }
    },
  };
}

/** The scores of a detector, one for each image; others are refused. */
export async function checkedScores(score: NonNullable<OodSource['score']>, images: tf.Tensor): Promise<number[]> {
  const where = { fn, argument: 'detectors' };
  const scores = await score(images);
  checkScores(where, scores);
  const size = images.shape[0]!;
  if (scores.length !== size)
    refuse(where, 'INVALID_ARGUMENT', `one score for each of ${size} images`, `${scores.length}`, 'Return all.');
  return Array.from(scores);
}

/** Images bounded at a time: the work can be stopped between two of these. */
const BOUNDED = 2;

/** What the confidence around each image cannot exceed, checked. */
async function boundsOf(
  bound: NonNullable<OodSource['bound']>,
  images: tf.Tensor,
  count: number,
  onWork: (done: number) => void,
): Promise<number[]> {
  const where = { fn, argument: 'guarantee.bound' };
  const found: number[] = [];
  for (let start = 0; start < count; start += BOUNDED) {
    const size = Math.min(BOUNDED, count - start);
    const some = tf.slice(images, start, size);
    let bounds: ArrayLike<number>;
    try {
      bounds = await bound(some);
    } finally {
      tf.dispose(some);
    }
    checkConfidences(where, bounds);
    if (bounds.length !== size)
      refuse(where, 'INVALID_ARGUMENT', `one bound for each of ${size} images`, `${bounds.length}`, 'Return all.');
    found.push(...Array.from(bounds));
    onWork(found.length * PASSES_PER_BOUND);
    await nextTask();
  }
  return found;
}
