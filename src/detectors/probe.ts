import * as tf from '@tensorflow/tfjs-core';
import { openInference } from '../classifier/inference';
import type { Classifier } from '../classifier/types';
import { probeImage } from './probeImage';

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
