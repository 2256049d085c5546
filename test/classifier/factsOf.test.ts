import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { classifier } from '../../src/classifier';
import { radialTemperature } from '../../src/guarantees';
import { mlp } from '../../src/models';

test('a wrapper, and a classifier under other bounds, keep labels, head and the variables as they are when asked for', async () => {
  const model = mlp({ inputShape: [2], hidden: [3], classes: 2, seed: 1 });
  const net = classifier(model, { labels: ['cat', 'dog'], bounds: [-1, 2] });
  const x = tf.randomUniform([8, 2], 0, 1, 'float32', 1);
  for (const made of [await radialTemperature(net, x, { tolerance: 1e-4 }), classifier(net, { bounds: [0, 1] })]) {
    expect([made.labels, made.head, made.classes]).toEqual([['cat', 'dog'], net.head, 2]);
    model.layers[1]!.trainable = false;
    const frozen = made.variables.length;
    model.layers[1]!.trainable = true;
    expect([frozen < made.variables.length, made.variables]).toEqual([true, net.variables]);
  }
  x.dispose();
  model.dispose();
});
