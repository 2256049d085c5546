import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { type FitMethod, type FitOptions, fit } from 'relu-overconfidence';
import { progressBar } from '../support/progressBar';
import type { Digits } from './digits';

/** Radius of the ball around noise, the paper's 0.3 on MNIST. */
export const EPSILON = 0.3;

const SETTINGS = { epochs: 40, batchSize: 100, seed: 1, epsilon: EPSILON, steps: 10, stepSize: 0.06 } as const;

/** A small convolutional network with the same first weights for every training, trained by a method with its settings. */
export async function trainDigits(
  method: FitMethod,
  { train }: Digits,
  settings: FitOptions = {},
): Promise<LayersModel> {
  const model = convolutionalNetwork();
  const optimizer = tf.train.adam(2e-3);
  await fit(model, train, { ...SETTINGS, ...settings, method, optimizer, onStep: progressBar(`train ${method}`) });
  optimizer.dispose();
  return model;
}

/** Two convolutions of 3x3, a max-pooling and two dense layers: LeNet in small. */
function convolutionalNetwork(): LayersModel {
  const relu = (seed: number) => ({ activation: 'relu' as const, kernelInitializer: initializers.heNormal({ seed }) });
  const convolution = { kernelSize: 3, padding: 'same' as const };
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 1], filters: 16, ...convolution, ...relu(1) }),
      layers.conv2d({ filters: 32, ...convolution, ...relu(2) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 64, ...relu(3) }),
      layers.dense({ units: 10, kernelInitializer: initializers.heNormal({ seed: 4 }) }),
    ],
  });
}
