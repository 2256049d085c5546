import * as tf from '@tensorflow/tfjs-core';
import { openInference } from '../classifier/inference';
import type { Classifier } from '../classifier/types';
import { boundsAt } from '../core/bounds';
import { createRng } from '../core/rng';

/** How far logits may lie apart, as a share of the largest: backends with 16 bits round that much. */
const TOLERANCE = 0.02;

/** Whether two probes are of the same model. */
export function sameProbe(a: readonly number[], b: readonly number[]): boolean {
  const largest = Math.max(...a.map(Math.abs));
  return a.length === b.length && a.every((value, k) => Math.abs(value - b[k]!) <= TOLERANCE * largest);
}

/** The input, `[1, ...inputShape]`; it depends on shape and bounds alone. */
export function probeImage({ inputShape, bounds }: Pick<Classifier, 'inputShape' | 'bounds'>): tf.Tensor {
  const rng = createRng('detector');
  const values = new Float32Array(tf.util.sizeFromShape([...inputShape])).map((_, i) => {
    const [low, high] = boundsAt(bounds, i);
    return low + (high - low) * rng.uniform();
  });
  return tf.tensor(values, [1, ...inputShape]);
}

/** The logits of one fixed random input, by which a model is known again. */
export async function probeOf(net: Classifier): Promise<readonly number[]> {
  const pass = openInference('probe', net);
  const logits = tf.tidy(() => pass.logits(probeImage(net)));
  try {
    return Array.from(await logits.data());
  } finally {
    pass.close();
    logits.dispose();
  }
}
