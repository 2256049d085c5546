import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { readGraph } from '../../src/classifier/net/readGraph';
import type { NetworkReading } from '../../src/classifier/net/types';
import { createRng } from '../../src/core/rng';
import { expectNoLeak } from '../support/expectNoLeak';
import { graphModelEndingIn, tinyGraphModel } from '../support/graphModel';
import { runNetwork } from '../support/runNetwork';
import { hasWildModel, loadWildGraphModel, wildModels } from '../support/wildModels';

function networkOf(reading: NetworkReading) {
  if ('unreadable' in reading) throw new Error(reading.unreadable);
  return reading.network;
}

function images(shape: number[]): tf.Tensor {
  const rng = createRng(1);
  return tf.tensor(
    new Float32Array(tf.util.sizeFromShape(shape)).map(() => rng.uniform()),
    shape,
  );
}

/** The largest difference, as a share of the largest value. */
async function difference(a: tf.Tensor, b: tf.Tensor): Promise<number> {
  const [first, second] = [await a.data(), await b.data()];
  const largest = Math.max(...Array.from(second, Math.abs));
  return Math.max(...Array.from(first, (value, i) => Math.abs(value - second[i]!))) / largest;
}

describe('a GraphModel read as a network', () => {
  for (const [name, shape] of [
    ['digits-cnn-graph', [28, 28, 1]],
    ['digits-mlp-graph', [28, 28]],
  ] as const) {
    const title = hasWildModel(name) ? name : `${name} (SKIPPED: not in ${wildModels})`;
    test.skipIf(!hasWildModel(name))(`${title} computes what the model computes`, async () => {
      const model = await loadWildGraphModel(name);
      const network = await expectNoLeak(() => networkOf(readGraph(model, model.outputNodes[0]!, shape)));
      const x = images([3, ...shape]);
      const expected = model.predict(x) as tf.Tensor;
      const found = runNetwork(network, x);
      expect(found.shape).toEqual(expected.shape);
      expect(await difference(found, expected)).toBeLessThan(1e-5);
      tf.dispose([x, expected, found]);
      model.dispose();
    });
  }

  test('a softmax at its end is an operation of its own, named as the node is', async () => {
    const model = await tinyGraphModel({ softmax: true });
    const { operations, output } = networkOf(readGraph(model, 'probabilities', [2]));
    expect(operations.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'input x',
      'dense hidden',
      'activation relu',
      'dense logits',
      'activation probabilities',
    ]);
    expect(operations[output]).toMatchObject({ activation: { name: 'softmax' }, shape: [3] });
    model.dispose();
  });

  test('the first node that cannot be read is named', async () => {
    const model = await graphModelEndingIn(['Digamma', 'Softmax']);
    expect(readGraph(model, 'probabilities', [2])).toEqual({ unreadable: 'node "op0" (Digamma)' });
    model.dispose();
  });
});
