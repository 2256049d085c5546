import * as tf from '@tensorflow/tfjs-core';
import {
  type Classifier,
  confidences,
  meanMaxConfidence,
  paperNoise,
  type ReadOptions,
  uniformNoise,
} from 'relu-overconfidence';

/** How sure a model is, on the mean, of pictures that show nothing. */
export interface Audit {
  /** Each pixel at random. */
  readonly noise: number;
  /** The same, smoothed and stretched to full contrast: noise of the paper. */
  readonly smoothNoise: number;
  /** A black, a grey and a white picture. */
  readonly blank: number;
}

/** Pictures of each noise. */
const COUNT = 10;

/** Measures how sure a model is of pictures that show nothing. */
export async function auditOf(net: Classifier): Promise<Audit> {
  const { inputShape, bounds: box } = net;
  const bounds = box as readonly [number, number];
  const noise = uniformNoise([COUNT, ...inputShape], { seed: 1, bounds });
  const smooth = paperNoise(noise, { seed: 2, bounds, permutedFraction: 0 });
  const blank = tf.tidy(() => {
    const [black, white] = bounds;
    const fills = [black, (black + white) / 2, white];
    return tf.stack(fills.map((value) => tf.fill([...inputShape], value)));
  });
  try {
    return {
      noise: await meanConfidence(net, noise),
      smoothNoise: await meanConfidence(net, smooth),
      blank: await meanConfidence(net, blank),
    };
  } finally {
    tf.dispose([noise, smooth, blank]);
  }
}

/** How sure a model is of pictures `[n, ...inputShape]`, on the mean. */
export async function meanConfidence(net: Classifier, x: tf.Tensor, watching: ReadOptions = {}): Promise<number> {
  return meanMaxConfidence(await confidences(net, x, { batchSize: 16, ...watching }));
}
