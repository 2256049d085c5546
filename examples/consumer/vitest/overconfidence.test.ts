import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { logOdds, uniformNoise } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import { matchers, type OverconfidenceMatchers } from 'relu-overconfidence/testing';
import { expect, test } from 'vitest';

declare module 'vitest' {
  interface Matchers extends OverconfidenceMatchers {}
}

expect.extend(matchers);

// In a real project: await tf.loadLayersModel('file://model.json'), and images of the test set.
const model = mlp({ inputShape: [4], hidden: [16], classes: 3, seed: 1 });
const noise = uniformNoise([50, 4], { seed: 1 });
const farAway = tf.mul(100, noise);

test('the model knows that it does not know noise', async () => {
  await expect(model).toBeUnconfidentOn(noise, { maxMmc: 0.9 });
  await expect(model).toResistAdversarialNoise({ maxMmc: 0.95, epsilon: 0.1, samples: 20, seed: 1 });
});

test('far away it does not know, as Theorem 3.1 says', async () => {
  await expect(model).not.toBeUnconfidentOn(farAway, { maxMmc: 0.9 });
  await expect(model).toStayConfidentOn(farAway, { minMmc: 0.9 });
});

test('scores are told apart, with or without a model', async () => {
  expect(await logOdds(model, farAway)).toSeparate(await logOdds(model, noise), { minAuroc: 0.9 });
  await expect(model).toSeparate(farAway, noise, { minAuroc: 0.9 });
});

test('predicting leaves no tensor behind', async () => {
  await expect(() => tf.dispose(model.predict(noise))).toHaveNoTensorLeak();
});

test('a failure shows the numbers and how to see it again', async () => {
  const failure = expect(model).toResistAdversarialNoise({ maxMmc: 0.34, epsilon: 0.1, samples: 20, seed: 7 });
  await expect(failure).rejects.toThrow(/MMC: 0\.\d+.*above the bound[\s\S]*createRng\(7\)/);
});
