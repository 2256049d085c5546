import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { differentiate } from '../../src/classifier/differentiate';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

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

  it.each<{ what: string; shape: number[]; f: (x: tf.Tensor4D) => tf.Tensor }>([
    {
      what: 'reflection',
      shape: [2, 4, 3, 2],
      f: (x) =>
        tf.mirrorPad(
          x,
          [
            [0, 0],
            [1, 2],
            [2, 0],
            [0, 0],
          ],
          'reflect',
        ),
    },
    {
      what: 'symmetry',
      shape: [2, 4, 3, 2],
      f: (x) =>
        tf.mirrorPad(
          x,
          [
            [0, 0],
            [1, 2],
            [2, 0],
            [0, 0],
          ],
          'symmetric',
        ),
    },
    {
      what: 'slices with strides',
      shape: [2, 5, 6, 2],
      f: (x) => tf.stridedSlice(x, [0, 4, 0, 0], [2, 0, 6, 2], [1, -2, 3, 1]),
    },
    { what: 'depth in space', shape: [2, 3, 2, 4], f: (x) => tf.depthToSpace(x, 2) },
    { what: 'mirror images', shape: [2, 3, 4, 1], f: (x) => tf.image.flipLeftRight(x) },
    { what: 'running sums', shape: [2, 3, 4, 2], f: (x) => tf.cumsum(x, 1, true, true) },
    { what: 'pooling with numbers of padding', shape: [2, 5, 6, 2], f: (x) => tf.avgPool(x, 3, 2, 1) },
    { what: 'small images', shape: [2, 5, 6, 2], f: (x) => tf.image.resizeBilinear(x, [3, 4], false, true) },
    { what: 'large images', shape: [2, 5, 6, 2], f: (x) => tf.image.resizeNearestNeighbor(x, [9, 7], true) },
    {
      what: 'dilated convolutions with explicit padding',
      shape: [2, 5, 6, 2],
      f: (x) =>
        tf.conv2d(
          x,
          tf.reshape(tf.range(1, 17), [2, 2, 2, 2]),
          1,
          [
            [0, 0],
            [1, 2],
            [0, 1],
            [0, 0],
          ],
          'NHWC',
          2,
        ),
    },
    {
      what: 'fused and dilated depthwise convolutions',
      shape: [2, 5, 6, 2],
      f: (x) => {
        const filter = tf.reshape<tf.Rank.R4>(tf.range(1, 17), [2, 2, 2, 2]);
        return tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'same', dilations: 2 });
      },
    },
  ])('takes the gradient of $what to be the transpose of the map', async ({ shape, f }) => {
    const check = () =>
      tf.tidy(() => {
        // For a linear map A and every u: <A u, y> = <u, A^T y>.
        const u = tf.randomNormal<tf.Rank.R4>(shape as [number, number, number, number], 0, 1, 'float32', 3);
        const forward = weighted(f(u)).dataSync()[0]!;
        const gradient = gradientOf((x) => f(x as tf.Tensor4D), tf.zeros(shape));
        const backward = gradient.reduce((sum, slope, i) => sum + slope * u.dataSync()[i]!, 0);
        expect(Math.abs(forward - backward)).toBeLessThan(1e-4 * Math.max(1, Math.abs(forward)));
      });
    check();
    await onBackend('wasm', () => {
      enableWasmTraining();
      try {
        check();
      } finally {
        disableWasmTraining();
      }
    });
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
