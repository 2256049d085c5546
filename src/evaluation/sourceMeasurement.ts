import * as tf from '@tensorflow/tfjs-core';
import { rowLogOdds } from '../classifier/logOdds';
import { argMax } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import type { BlockResult, Measurement } from './measureBlocks';
import type { OodSource } from './oodSources';
import type { Runner } from './runner';

const fn = 'evaluateOod';

/** A gradient, one forward and one backward pass, takes about as long as three forward passes. */
const PASSES_PER_GRADIENT = 3;

/** A row as a measurement: its images are made, classified and disposed of, batch by batch. */
export function sourceMeasurement(
  runner: Runner,
  net: Classifier,
  { name, kind, samples, batchSize, gradients, labels, memory, make }: OodSource,
  /** What is to be kept of the images themselves. */
  look: (images: tf.Tensor, start: number) => Promise<BlockResult> = async () => ({}),
): Measurement {
  return {
    name,
    kind,
    samples,
    blockSize: batchSize,
    cost: 1 + PASSES_PER_GRADIENT * gradients,
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
        const seen = await look(images, start);
        const { values, classes, head } = await runner.logits(fn, net, images, {
          batchSize: size,
          ...(memory !== undefined && { memory }),
        });
        const rows = Array.from({ length: size }, (_, i) => i * classes);
        return {
          logOdds: rows.map((offset) => rowLogOdds(values, offset, classes, head)),
          predicted: rows.map((offset) => argMax(values, offset, classes)),
          ...(labels && { labels: [...labels.subarray(start, start + size)] }),
          ...(blindImages !== undefined && { blindImages: [blindImages] }),
          ...seen,
        };
      } finally {
        tf.dispose(images);
      }
    },
  };
}
