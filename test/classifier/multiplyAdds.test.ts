import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { multiplyAdds } from '../../src/classifier/multiplyAdds';

await tf.setBackend('cpu');

it('counts the multiplications of a pass: of each value of a layer as many as weights make it', () => {
  const model = sequential({
    layers: [
      layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, inputShape: [9, 8, 3] }),
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }),
      layers.conv2dTranspose({ filters: 4, kernelSize: 2, strides: 2 }),
      layers.flatten(),
      layers.dense({ units: 7 }),
      layers.reLU(),
    ],
  });
  const [convolved, deep, transposed] = [4 * 4 * 5, 4 * 4 * 10, 8 * 8 * 4];
  // Each input value of the transpose is multiplied with a whole filter.
  const products = convolved * 3 * 2 * 3 + deep * 9 + deep * 2 * 2 * 4 + transposed + 7 * transposed + 7;
  expect(multiplyAdds(classifier(model, { bounds: [0, 1] }))).toBe(products);
});

it('does not know the size of a function, nor of a model whose layers are not read', () => {
  const images = (x: tf.Tensor) => tf.reshape(x, [-1, 4]) as tf.Tensor2D;
  const facts = { inputShape: [4], classes: 4, bounds: [0, 1] as const };
  expect(multiplyAdds(classifier(images, facts))).toBeUndefined();
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3] })] });
  expect(multiplyAdds(classifier(model, { bounds: [0, 1], frozen: false }))).toBeUndefined();
});
