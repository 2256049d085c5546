import assert from 'node:assert/strict';
import { test } from 'node:test';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { logOdds, uniformNoise } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import {
  assertNoTensorLeak,
  assertResistsAdversarialNoise,
  assertSeparates,
  assertStaysConfidentOn,
  assertUnconfidentOn,
} from 'relu-overconfidence/testing';

const model = mlp({ inputShape: [4], hidden: [16], classes: 3, seed: 1 });
const noise = uniformNoise([50, 4], { seed: 1 });
const farAway = tf.mul(100, noise);

test('the model knows that it does not know noise', async () => {
  await assertUnconfidentOn(model, noise, { maxMmc: 0.9 });
  await assertResistsAdversarialNoise(model, { maxMmc: 0.95, epsilon: 0.1, samples: 20, seed: 1 });
});

test('far away it does not know, as Theorem 3.1 says', async () => {
  await assertStaysConfidentOn(model, farAway, { minMmc: 0.9 });
  assertSeparates(await logOdds(model, farAway), await logOdds(model, noise), { minAuroc: 0.9 });
});

test('predicting leaves no tensor behind', async () => {
  await assertNoTensorLeak(() => tf.dispose(model.predict(noise)));
});

test('a failure shows the numbers and how to see it again', async () => {
  await assert.rejects(
    () => assertResistsAdversarialNoise(model, { maxMmc: 0.34, epsilon: 0.1, samples: 20, seed: 7 }),
    { name: 'AssertionError', message: /MMC: 0\.\d+.*above the bound[\s\S]*createRng\(7\)/ },
  );
});
