import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';
import { readNow } from '../core/readNow';
import { createRng } from '../core/rng';
import type { Classifier } from './types';

const PROBES = 4;

/**
 * Asks the model for a few random inputs and refuses when every row of what it calls logits is a probability
 * distribution: taken for logits, probabilities would pass for an unconfident classifier. Skipped on webgpu, which
 * cannot be read synchronously.
 */
export function checkNotProbabilities(classifier: Classifier): void {
  const { inputShape, bounds, classes } = classifier;
  const rng = createRng('probe');
  const values = tf.tidy(() => {
    const shape = [PROBES, ...inputShape];
    const random = () => bounds[0] + (bounds[1] - bounds[0]) * rng.uniform();
    const probe = new Float32Array(tf.util.sizeFromShape(shape)).map(random);
    return readNow(classifier.logits(tf.tensor(probe, shape)));
  });
  if (values === undefined || !allRowsAreDistributions(values, classes)) return;
  refuse(
    { fn: 'classifier', argument: 'model' },
    'PROBABILITIES_AS_LOGITS',
    'a model that returns logits',
    'rows that are non-negative and add up to 1',
    "Pass `outputs: 'probabilities'`, or drop the model's last softmax.",
  );
}

function allRowsAreDistributions(values: ArrayLike<number>, classes: number): boolean {
  for (let row = 0; row < values.length; row += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      if (!(values[row + k]! >= 0)) return false;
      sum += values[row + k]!;
    }
    if (Math.abs(sum - 1) > 1e-4) return false;
  }
  return true;
}
