import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { cedaStep, classifier, evaluateOod, paperNoise, uniformNoise } from '../../src/index';
import { mlp } from '../../src/models';

/** The largest and the smallest value of everything that the model was asked about. */
function watched(bounds: [number, number]) {
  const inner = classifier(mlp({ inputShape: [8, 8, 1], hidden: [4], classes: 2, seed: 1 }), { bounds });
  const seen = { least: Number.POSITIVE_INFINITY, most: Number.NEGATIVE_INFINITY };
  const net = classifier(
    (x: tf.Tensor) => {
      const { least, most } = tf.tidy(() => ({ least: tf.min(x).arraySync(), most: tf.max(x).arraySync() }));
      seen.least = Math.min(seen.least, least as number);
      seen.most = Math.max(seen.most, most as number);
      return inner.logits(x);
    },
    { inputShape: [8, 8, 1], classes: 2, bounds, outputs: 'logits', variables: inner.variables },
  );
  return { net, look: () => ({ ...seen }), forget: () => Object.assign(seen, { least: 0.5, most: 0.5 }) };
}

test('paperNoise handed in as a sampler draws from the bounds of the model, in training and in evaluation', async () => {
  const { net, look, forget } = watched([-3, 5]);
  const x = uniformNoise([6, 8, 8, 1], { bounds: [0, 1], rng: createRng(1) });
  const y = tf.tensor1d([0, 1, 0, 1, 0, 1]);
  forget();
  tf.dispose(Object.values(cedaStep(net, tf.train.sgd(0.01), { x, y }, { noise: paperNoise, seed: 1 })));
  expect(look()).toEqual({ least: -3, most: 5 });
  const off = { adversarialNoise: false, adversarialSamples: false } as const;
  for (const noise of [paperNoise, { paper: paperNoise }]) {
    forget();
    await evaluateOod(net, { in: { x, y }, noise, seed: 1, ...off });
    expect(look()).toEqual({ least: -3, most: 5 });
  }
  tf.dispose([x, y]);
});
