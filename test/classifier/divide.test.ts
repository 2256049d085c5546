import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { divide } from '../../src/classifier/divide';
import { classifier, uniformNoise } from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { seedWeights } from '../support/smallModels';

await tf.setBackend('cpu');

/** A convolution with batch normalisation, and dense layers with an activation whose fused form tfjs cannot differentiate. */
function network(): LayersModel {
  const trunk = sequential({
    layers: [
      layers.conv2d({ inputShape: [6, 6, 1], filters: 3, kernelSize: 3, activation: 'relu' }),
      layers.batchNormalization(),
      layers.globalAveragePooling2d({}),
    ],
  });
  const head = sequential({
    layers: [
      layers.dense({ inputShape: [3], units: 5, activation: 'elu' }),
      layers.batchNormalization(),
      layers.dense({ units: 4, activation: 'softmax' }),
    ],
  });
  return seedWeights(sequential({ layers: [trunk, head] }), 4);
}

const largest = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);

describe('divide', () => {
  it('makes two parts that compute what the model computes, with the gradients by the variables of the second', async () => {
    const model = network();
    const net = classifier(model);
    const variables = net.variables.slice(-6);
    const divided = divide(net, variables)!;
    expect(divided.featureShape).toEqual([3]);
    const x = uniformNoise([5, 6, 6, 1], { seed: 1 });
    expect(net.inference?.pass).toBe('frozen');
    await expectNoLeak(() =>
      tf.tidy(() => {
        const trunk = divided.openFeatures();
        const features = trunk.run(x);
        trunk.close();
        expect(largest(divided.logits(features), net.logits(x))).toBeLessThan(1e-5);
        const by = (logits: () => tf.Tensor) =>
          tf.variableGrads(() => tf.sum(tf.square(logits())) as tf.Scalar, [...variables]).grads;
        const [whole, second] = [by(() => net.logits(x)), by(() => divided.logits(features))];
        expect(Object.keys(second)).toHaveLength(6);
        for (const [name, gradient] of Object.entries(whole))
          expect(largest(gradient, second[name]!)).toBeLessThan(1e-4 * (1 + tf.max(tf.abs(gradient)).dataSync()[0]!));
      }),
    );
  });

  it('does not divide before a convolution, nor a model that cannot be frozen', () => {
    const net = classifier(network());
    expect(divide(net, net.variables)).toBeUndefined();
    expect(divide(classifier(network(), { frozen: false }), net.variables)).toBeUndefined();
  });
});
