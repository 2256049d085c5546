import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { differentiate } from '../../src/classifier/differentiate';
import { createRng } from '../../src/core/rng';
import { activationPattern, affineMap, evaluate, toPiecewiseAffine } from '../../src/regions/index';
import { expectRefusal } from '../support/expectRefusal';
import { affineAt, along, gap, handMade, normals, oneOfEach } from '../support/regionModels';

/** The gradient of one logit by automatic differentiation in float32, as attacks have it. */
function autodiff(model: LayersModel, x: Float32Array, k: number): Promise<Float32Array> {
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const logit = (z: tf.Tensor) => tf.sum(tf.slice(model.apply(z) as tf.Tensor2D, [0, k], [1, 1])) as tf.Scalar;
  const gradient = tf.tidy(() => differentiate('test', () => tf.grad(logit)(tf.tensor(x, [1, ...shape]))));
  return gradient.data<'float32'>().finally(() => gradient.dispose());
}

describe('affineMap', () => {
  test.each(oneOfEach)('has the gradients of automatic differentiation, and the value: %s', async (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    const x = Float32Array.from(normals(net.inputSize, createRng(4)));
    const map = affineMap(net, x);
    expect(gap(affineAt(map, x), evaluate(net, x))).toBeLessThan(1e-13);
    for (let k = 0; k < net.classes; k++) {
      const row = map.V.subarray(k * net.inputSize, (k + 1) * net.inputSize);
      expect(gap(row, await autodiff(model, x, k))).toBeLessThan(1e-5);
    }
    model.dispose();
  });

  test.each(oneOfEach)('is the network itself all around a point inside a region: %s', (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(5);
    const x = normals(net.inputSize, rng);
    const map = affineMap(net, x);
    for (let i = 0; i < 10; i++) {
      const near = along(x, normals(net.inputSize, rng), 1e-7);
      expect(gap(affineAt(map, near), evaluate(net, near))).toBeLessThan(1e-12);
    }
  });

  // f(x) = 2 relu(x1 - x2) - 3 relu(x2 - 1) + 1
  const byHand = toPiecewiseAffine(
    handMade(
      {
        kernel: [
          [1, 0],
          [-1, 1],
        ],
        bias: [0, -1],
      },
      { kernel: [[2], [-3]], bias: [1] },
    ),
  );

  test.each([
    ['both units active', [3, 2], [2, -5], 4],
    ['the first only', [0, -1], [2, -2], 1],
    ['the second only', [0, 2], [0, -3], 4],
    ['none', [-1, 0], [0, 0], 1],
    ['none, on the boundary: a pre-activation of zero is inactive', [1, 1], [0, 0], 1],
  ])('is what one writes down by hand: %s', (_, x, V, a) => {
    expect([...affineMap(byHand, x).V]).toEqual(V);
    expect([...affineMap(byHand, x).a]).toEqual([a]);
  });

  test('refuses a point of the wrong length', async () => {
    await expectRefusal(() => affineMap(byHand, [1]), { code: 'INVALID_SHAPE', fn: 'affineMap', argument: 'x' });
  });

  test('goes with the activation pattern, in which zero is inactive', async () => {
    const states = (x: number[]) => activationPattern(byHand, x).flatMap((state) => (state ? [[...state]] : []));
    expect(states([3, 2])).toEqual([[1, 1]]);
    expect(states([1, 1])).toEqual([[0, 0]]);
    await expectRefusal(() => activationPattern(byHand, []), {
      code: 'INVALID_SHAPE',
      fn: 'activationPattern',
      argument: 'x',
    });
  });
});
