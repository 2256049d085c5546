import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fit, type Method } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import { progressBar } from '../support/progressBar';
import type { Digits } from './digits';

/** Radius of the ball around noise, the paper's 0.3 on MNIST. */
export const EPSILON = 0.3;

const SETTINGS = { epochs: 60, batchSize: 100, seed: 1, epsilon: EPSILON, steps: 20, stepSize: 0.03 } as const;

/** A small ReLU network with the same first weights for every method, trained by one of them. */
export async function trainDigits(method: Method, { train }: Digits): Promise<LayersModel> {
  const model = mlp({ inputShape: [8, 8, 1], hidden: [128, 128], classes: 10, seed: 1 });
  const optimizer = tf.train.adam(2e-3);
  await fit(model, train, { ...SETTINGS, method, optimizer, onStep: progressBar(`train ${method}`) });
  optimizer.dispose();
  return model;
}
