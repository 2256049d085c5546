import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fit, type LabelledData, type Method, uniformNoise } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import { progressBar } from '../support/progressBar';

/**
 * The uniform noise covers the moons as well, so lambda = 1/2 lets the data win there; and the ball is small beside the
 * gap of 0.2 between the moons.
 */
const SETTINGS = {
  epochs: 600,
  batchSize: 250,
  seed: 1,
  lambda: 0.5,
  epsilon: 0.03,
  steps: 8,
  stepSize: 0.0075,
  weightDecay: 0,
} as const;

/** A network with three hidden layers of 100 ReLUs, the same first weights for every method. */
export async function trainMoons(method: Method, data: LabelledData): Promise<LayersModel> {
  const model = mlp({ inputShape: [2], hidden: [100, 100, 100], classes: 2, seed: 1 });
  const optimizer = tf.train.adam(2e-3);
  await fit(model, data, {
    ...SETTINGS,
    method,
    optimizer,
    noise: (points, rng) => uniformNoise(points.shape, { rng }),
    onStep: progressBar(`train ${method}`),
  });
  optimizer.dispose();
  return model;
}
