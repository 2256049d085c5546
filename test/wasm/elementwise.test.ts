import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { onBackend } from '../support/onBackend';
import { expectClose, values } from './kernelCase';

beforeAll(() => enableWasmTraining());
afterAll(() => disableWasmTraining());

/** Values of what `work` returns on a backend. */
function numbersOn(backend: 'cpu' | 'wasm', work: () => tf.Tensor): Promise<number[]> {
  return onBackend(backend, async () => {
    const out = tf.tidy(work);
    const data = Array.from(await out.data());
    out.dispose();
    return data;
  });
}

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
const runs = { numRuns: 30, seed: 7 };

describe('gradients of activations, which use kernels that the backend brings', () => {
  const activations: readonly [string, (x: tf.Tensor) => tf.Tensor][] = [
    ['relu', tf.relu],
    ['relu6', tf.relu6],
    ['leakyRelu', (x) => tf.leakyRelu(x, 0.1)],
    ['prelu', (x) => tf.prelu(x, tf.fill([x.shape.at(-1)!], 0.2))],
    ['elu', tf.elu],
    ['selu', tf.selu],
    ['softplus', tf.softplus],
  ];

  test.each(activations)('%s has the gradient of the cpu backend, at its kinks too', async (_, activation) => {
    const property = fc.asyncProperty(shapes, fc.boolean(), fc.nat(1e6), async (shape, ties, seed) => {
      const size = tf.util.sizeFromShape(shape);
      const gradient = () => {
        const [x, dy] = [tf.tensor(values(size, seed, ties), shape), tf.tensor(values(size, seed + 1), shape)];
        return tf.grad(activation)(tf.mul(x, 4), dy);
      };
      expectClose(await numbersOn('wasm', gradient), await numbersOn('cpu', gradient));
    });
    await fc.assert(property, runs);
  });
});

describe('ActivationGrad, a kernel of our own', () => {
  const activations: readonly [string, (x: tf.Tensor) => tf.Tensor][] = [
    ['relu', tf.relu],
    ['relu6', tf.relu6],
    ['sigmoid', tf.sigmoid],
    ['tanh', tf.tanh],
    ['elu', tf.elu],
  ];

  test.each(activations)('reads the gradient of %s off its values', async (activation, f) => {
    const property = fc.asyncProperty(shapes, fc.nat(1e6), async (shape, seed) => {
      const size = tf.util.sizeFromShape(shape);
      const drawn = () =>
        [tf.mul(tf.tensor(values(size, seed), shape), 4), tf.tensor(values(size, seed + 1), shape)] as const;
      const got = await numbersOn('wasm', () => {
        const [x, dy] = drawn();
        return tf.engine().runKernel('ActivationGrad', { dy, y: f(x) }, { activation }) as tf.Tensor;
      });
      const wanted = await numbersOn('cpu', () => {
        const [x, dy] = drawn();
        return tf.grad(f)(x, dy);
      });
      expectClose(got, wanted);
    });
    await fc.assert(property, runs);
  });

  test('takes the slope 0 at both ends of relu6', async () => {
    const y = [0, 6, 3, 0, 6];
    const gradient = () =>
      tf
        .engine()
        .runKernel('ActivationGrad', { dy: tf.ones([5]), y: tf.tensor1d(y) }, { activation: 'relu6' }) as tf.Tensor;
    expect(await numbersOn('wasm', gradient)).toEqual([0, 0, 1, 0, 0]);
  });
});

describe('segment sums', () => {
  test('are those of the cpu backend for rows of any shape and segments in any order', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      shapes,
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom('float32' as const, 'int32' as const),
      fc.nat(1e6),
      async (rowCount, rest, segments, dtype, seed) => {
        const rng = createRng(seed);
        const drawn = Int32Array.from({ length: rowCount }, () => rng.integer(segments));
        const rows = values(rowCount * tf.util.sizeFromShape(rest), seed + 1);
        const sums = () => {
          const x = tf.tensor(
            dtype === 'int32' ? rows.map((v) => Math.round(9 * v)) : rows,
            [rowCount, ...rest],
            dtype,
          );
          return tf.unsortedSegmentSum(x, tf.tensor1d(drawn, 'int32'), segments);
        };
        expectClose(await numbersOn('wasm', sums), await numbersOn('cpu', sums));
      },
    );
    await fc.assert(property, { ...runs, numRuns: 100 });
  });
});

test('isNaN tells not-a-number from everything else', async () => {
  const numbers = () => tf.isNaN(tf.tensor1d([Number.NaN, 0, 1, Number.POSITIVE_INFINITY, -1e38]));
  expect(await numbersOn('wasm', numbers)).toEqual([1, 0, 0, 0, 0]);
});
