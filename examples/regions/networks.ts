import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { fit, type LabelledData, type Method, uniformNoise } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import { progressBar } from '../support/progressBar';

/** The balls are small beside the gap of 0.2 between the moons, and the data wins where the noise covers it. */
const MOONS = { epochs: 300, batchSize: 250, seed: 1, weightDecay: 0, lambda: 0.5 } as const;
const ATTACK = { epsilon: 0.03, steps: 6, stepSize: 0.01 } as const;

/** A network with two hidden layers, trained on the two moons. */
export async function trainMoons(method: Method, hidden: readonly number[], data: LabelledData): Promise<LayersModel> {
  const model = mlp({ inputShape: [2], hidden, classes: 2, seed: 3 });
  const optimizer = tf.train.adam(5e-3);
  await fit(model, data, {
    ...MOONS,
    ...(method === 'acet' ? ATTACK : {}),
    method,
    optimizer,
    noise: (points, rng) => uniformNoise(points.shape, { rng }),
    onStep: progressBar(`moons, ${hidden.join('-')}, ${method}`),
  });
  optimizer.dispose();
  return model;
}

/** A very small LeNet, trained on the digits. */
export async function trainLenet(data: LabelledData): Promise<LayersModel> {
  const relu = (seed: number) => ({ activation: 'relu' as const, kernelInitializer: initializers.heNormal({ seed }) });
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 1], filters: 8, kernelSize: 3, padding: 'same', ...relu(1) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 3, padding: 'same', ...relu(2) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 32, ...relu(3) }),
      layers.dense({ units: 10, kernelInitializer: initializers.heNormal({ seed: 4 }) }),
    ],
  });
  const optimizer = tf.train.adam(3e-3);
  await fit(model, data, {
    method: 'plain',
    epochs: 15,
    batchSize: 100,
    seed: 1,
    optimizer,
    onStep: progressBar('digits'),
  });
  optimizer.dispose();
  return model;
}
