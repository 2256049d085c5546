import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { differentiate } from '../../src/classifier/differentiate';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

const upSample = (x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [4, 4]);
const weighted = (y: tf.Tensor) => tf.sum<tf.Scalar>(tf.mul(y, tf.reshape(tf.range(0, y.size), y.shape)));
const images = () => tf.ones([3, 2, 2, 1]);
/** Each pixel has the weights of its four copies. */
const UPSAMPLED = [0, 1, 2].flatMap((b) => [10, 18, 42, 50].map((sum) => sum + 4 * 16 * b));

const gradientOf = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) =>
  tf.tidy(() => [...differentiate('pgdLinf', () => tf.grad((u: tf.Tensor) => weighted(f(u)))(x)).dataSync()]);

describe('differentiate', () => {
  it('mends gradients in functions as in models', async () => {
    await expectNoLeak(() => {
      const x = images();
      expect(gradientOf(upSample, x)).toEqual(UPSAMPLED);
      x.dispose();
    });
  });

  it('leaves every gradient of tfjs and its engine as they were, also when the work throws', () => {
    const names = Object.values(tf).filter((name) => typeof name === 'string');
    const before = names.map((name) => tf.getGradient(name));
    const seen: unknown[] = [];
    differentiate('pgdLinf', () => seen.push(tf.getGradient(tf.ResizeNearestNeighbor)));
    expect(seen[0]).not.toBe(tf.getGradient(tf.ResizeNearestNeighbor));
    expect(() =>
      differentiate('pgdLinf', () => {
        throw new Error('broken');
      }),
    ).toThrow('broken');
    expect(names.map((name) => tf.getGradient(name))).toEqual(before);
    expect(Object.hasOwn(tf.engine(), 'runKernelFunc')).toBe(false);
  });

  it('is the same within another differentiation', () => {
    const x = images();
    expect(differentiate('acetStep', () => [gradientOf(upSample, x), gradientOf(upSample, x)])).toEqual([
      UPSAMPLED,
      UPSAMPLED,
    ]);
    x.dispose();
  });

  it.each([
    { what: 'rounding to whole numbers', f: (x: tf.Tensor) => tf.cast(tf.cast(tf.mul(x, 3), 'int32'), 'float32') },
    { what: 'whole quotients', f: (x: tf.Tensor) => tf.floorDiv(x, 0.3) },
    { what: 'a comparison', f: (x: tf.Tensor) => tf.cast(tf.less(x, 2), 'float32') },
    { what: 'looking up by an index', f: (x: tf.Tensor) => tf.gather(tf.tensor1d([3, 5, 8]), tf.cast(x, 'int32')) },
  ])('takes the gradient of $what to be zero', ({ f }) => {
    const x = tf.tensor2d([[0.2, 1.4]]);
    expect(gradientOf(f, x)).toEqual([0, 0]);
    x.dispose();
  });

  it('keeps a gradient of the caller that contains a fused convolution', () => {
    const x = images();
    const filter = tf.ones<tf.Rank.R4>([1, 1, 1, 1]);
    const own = tf.customGrad((...inputs) => {
      const value = tf.fused.conv2d({ x: inputs[0] as tf.Tensor4D, filter, strides: 1, pad: 'same' });
      return { value, gradFunc: (dy: tf.Tensor) => tf.mul(dy, 7) };
    });
    expect(gradientOf(own, x)).toEqual(Array.from({ length: 12 }, (_, i) => 7 * i));
    tf.dispose([x, filter]);
  });

  it('gives the gradients of a fused convolution of one image, and of its bias', () => {
    const { x, bias } = tf.tidy(() => {
      const filter = tf.fill<tf.Rank.R4>([1, 1, 1, 2], 2);
      const f = (image: tf.Tensor, b: tf.Tensor) =>
        weighted(tf.fused.conv2d({ x: image as tf.Tensor3D, filter, strides: 1, pad: 'same', bias: b }));
      const [byX, byBias] = differentiate('pgdLinf', () => tf.grads(f)([tf.ones([2, 2, 1]), tf.zeros([2])]));
      return { x: [...byX!.dataSync()], bias: [...byBias!.dataSync()] };
    });
    expect(x).toEqual([2, 10, 18, 26]);
    expect(bias).toEqual([0 + 2 + 4 + 6, 1 + 3 + 5 + 7]);
  });

  it('names the operation that has no gradient, and leaves nothing behind', async () => {
    const x = tf.tensor1d([3, 1, 2]);
    const sorted = (u: tf.Tensor) => tf.topk(tf.mul(u, 2), 2).values;
    await expectNoLeak(async () => {
      await expectRefusal(() => gradientOf(sorted, x), {
        code: 'UNSUPPORTED_MODEL',
        fn: 'pgdLinf',
        argument: 'model',
      });
    });
    await expectRefusal(() => gradientOf(() => tf.ones([2]), x), {
      code: 'UNSUPPORTED_MODEL',
      fn: 'pgdLinf',
      argument: 'model',
    });
    x.dispose();
  });
});
