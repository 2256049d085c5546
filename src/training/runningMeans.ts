import * as tf from '@tensorflow/tfjs-core';
import type { StepResult } from './types';

/** Sums of a step's four scalars over an epoch, kept on the device so that no step waits for a read. */
export interface RunningMeans {
  readonly sums: tf.Variable;
  readonly add: (seen: StepResult) => void;
}

/** Starts at zero; `sums` is owned by whoever calls this. */
export function runningMeans(): RunningMeans {
  const sums = tf.tidy(() => tf.variable(tf.zeros([4]), false));
  return {
    sums,
    add: ({ loss, inLoss, outLoss, outConfidence }) => {
      tf.tidy(() => sums.assign(tf.add(sums, tf.stack([loss, inLoss, outLoss, outConfidence]))));
    },
  };
}
