import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { onBackend } from '../support/onBackend';
import { expectClose, expectLikeCpu, runOn, values } from './kernelCase';
import { outSize, vectorWindows, type Window, wideWindows, windows } from './windows';

beforeAll(() => enableWasmTraining());
afterAll(() => disableWasmTraining());

const runs = { numRuns: 100, seed: 7 };

/** Shapes and attributes of a convolution in both layouts. */
function convolution(window: Window, dataFormat: 'NHWC' | 'NCHW') {
  const { batch, height, width, inChannels, outChannels, filter, strides, pad } = window;
  const [outHeight, outWidth] = outSize(window);
  const arrange = (channels: number, h: number, w: number) =>
    dataFormat === 'NHWC' ? [batch, h, w, channels] : [batch, channels, h, w];
  const explicit = Array.isArray(pad) && dataFormat === 'NCHW' ? [pad[0], pad[3], pad[1], pad[2]] : pad;
  return {
    x: { shape: arrange(inChannels, height, width) },
    dy: { shape: arrange(outChannels, outHeight, outWidth) },
    filterShape: [...filter, inChannels, outChannels],
    attrs: { strides, pad: explicit, dataFormat },
  };
}

describe('gradients of convolutions', () => {
  test('the gradient of the input is that of the cpu backend for any stride and padding', async () => {
    const any = fc.oneof(windows, wideWindows);
    const property = fc.asyncProperty(any, fc.constantFrom('NHWC' as const, 'NCHW' as const), (window, format) => {
      const { x, dy, filterShape, attrs } = convolution(window, format);
      return expectLikeCpu(
        tf.Conv2DBackpropInput,
        { dy, filter: { shape: filterShape } },
        { ...attrs, inputShape: x.shape },
        window.seed,
      );
    });
    await fc.assert(property, runs);
  });

  test('the gradient of the filter is that of the cpu backend for any stride and padding', async () => {
    const property = fc.asyncProperty(windows, fc.constantFrom('NHWC' as const, 'NCHW' as const), (window, format) => {
      const { x, dy, filterShape, attrs } = convolution(window, format);
      return expectLikeCpu(tf.Conv2DBackpropFilter, { x, dy }, { ...attrs, filterShape }, window.seed);
    });
    await fc.assert(property, runs);
  });

  test.each([1, 2, 3])('images worked on in several blocks add up to the same (stride %i)', async (strides) => {
    const [batch, size, inChannels, outChannels] = [7, 24, 2, 3];
    const out = Math.ceil(size / strides);
    const dy = { shape: [batch, out, out, outChannels] };
    const x = { shape: [batch, size, size, inChannels] };
    const filterShape = [9, 9, inChannels, outChannels];
    const attrs = { strides, pad: 'same', dataFormat: 'NHWC' };
    const filter = { shape: filterShape };
    await expectLikeCpu(tf.Conv2DBackpropInput, { dy, filter }, { ...attrs, inputShape: x.shape }, 1);
    await expectLikeCpu(tf.Conv2DBackpropFilter, { x, dy }, { ...attrs, filterShape }, 2);
  });
});

describe('convolutions', () => {
  test('the convolution is that of the cpu backend for any stride, padding and number of channels', async () => {
    const property = fc.asyncProperty(wideWindows, (window) => {
      const { x, filterShape, attrs } = convolution(window, 'NHWC');
      return expectLikeCpu(tf.Conv2D, { x, filter: { shape: filterShape } }, { ...attrs, dilations: 1 }, window.seed);
    });
    await fc.assert(property, runs);
  });

  test.each(['linear', 'relu', 'relu6', 'leakyrelu', 'elu', 'sigmoid'])(
    'bias and activation are those of the cpu backend (%s)',
    async (activation) => {
      const property = fc.asyncProperty(wideWindows, fc.boolean(), (window, biased) => {
        const { x, filterShape, attrs } = convolution(window, 'NHWC');
        const inputs = { x, filter: { shape: filterShape }, ...(biased && { bias: { shape: [window.outChannels] } }) };
        return expectLikeCpu(
          tf.FusedConv2D,
          inputs,
          { ...attrs, dilations: 1, activation, leakyreluAlpha: 0.2 },
          window.seed,
        );
      });
      await fc.assert(property, { ...runs, numRuns: 40 });
    },
  );

  test('a limit keeps NaN', async () => {
    const filter = tf.fill([1, 1, 1, 8], Number.NaN) as tf.Tensor4D;
    await onBackend('wasm', async () => {
      const y: tf.Tensor = tf.fused.conv2d({
        x: tf.ones([1, 4, 4, 1]) as tf.Tensor4D,
        filter,
        strides: 1,
        pad: 'same',
        activation: 'relu6',
      });
      expect([...(await y.data())].every(Number.isNaN)).toBe(true);
    });
  });
});

describe("Winograd's algorithm", () => {
  /** Of the largest output, as the docs promise; the plain sum stays below 1e-6. */
  const rounding = 2e-5;
  const large = fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 4, max: 18 }),
      width: fc.integer({ min: 4, max: 18 }),
      inChannels: fc.constantFrom(8, 16, 24),
      outChannels: fc.constantFrom(8, 16, 24),
      filter: fc.constantFrom<[number, number]>([3, 3], [5, 5]),
      pad: fc.constantFrom<Window['pad']>('same', 'valid', 1, [
        [0, 0],
        [2, 0],
        [1, 3],
        [0, 0],
      ]),
      seed: fc.nat(1e6),
    })
    .map((window): Window => ({ ...window, strides: [1, 1], dilations: [1, 1] }))
    .filter((window) => Math.min(...outSize(window)) > 0);

  test('gives the convolution of the cpu backend, also where tiles overhang the image', async () => {
    const property = fc.asyncProperty(large, (window) => {
      const { x, filterShape, attrs } = convolution(window, 'NHWC');
      const inputs = { x, filter: { shape: filterShape } };
      return expectLikeCpu(tf.Conv2D, inputs, { ...attrs, dilations: 1 }, window.seed, rounding);
    });
    await fc.assert(property, { numRuns: 25, seed: 7 });
  });

  test.each(['linear', 'relu', 'relu6'])(
    'ends with bias and activation of the cpu backend (%s)',
    async (activation) => {
      // Rounding goes with the sums, some tens here, of which relu6 leaves 6.
      const tolerance = activation === 'relu6' ? 10 * rounding : rounding;
      const property = fc.asyncProperty(large, (window) => {
        const { x, filterShape, attrs } = convolution(window, 'NHWC');
        const inputs = { x, filter: { shape: filterShape }, bias: { shape: [window.outChannels] } };
        return expectLikeCpu(tf.FusedConv2D, inputs, { ...attrs, dilations: 1, activation }, window.seed, tolerance);
      });
      await fc.assert(property, { ...runs, numRuns: 30 });
    },
  );

  test('gives the gradient of the input of the cpu backend', async () => {
    const property = fc.asyncProperty(large, (window) => {
      const { x, dy, filterShape, attrs } = convolution(window, 'NHWC');
      const inputs = { dy, filter: { shape: filterShape } };
      const attributes = { ...attrs, inputShape: x.shape };
      return expectLikeCpu(tf.Conv2DBackpropInput, inputs, attributes, window.seed, rounding);
    });
    await fc.assert(property, { numRuns: 25, seed: 7 });
  });

  test.each(['linear', 'relu', 'elu'] as const)(
    'with bias and activation %s gives the layer of the cpu',
    (activation) =>
      expectLikeCpu(
        tf.FusedConv2D,
        { x: { shape: [2, 12, 12, 8] }, filter: { shape: [5, 5, 8, 16] }, bias: { shape: [16] } },
        { strides: 1, pad: 'same', dataFormat: 'NHWC', dilations: 1, activation },
        3,
        rounding,
      ),
  );

  test('filters of new values under the same variable are transformed anew', async () => {
    const sums = await onBackend('wasm', async () => {
      const x = tf.ones<tf.Rank.R4>([1, 12, 12, 8]);
      const filter = tf.variable(tf.ones<tf.Rank.R4>([3, 3, 8, 8]));
      const run = () => tf.tidy(() => tf.max(tf.conv2d(x, filter, 1, 'same')));
      const first = run();
      tf.tidy(() => filter.assign(tf.mul(filter, 2)));
      const second = run();
      const numbers = [(await first.data())[0]!, (await second.data())[0]!];
      tf.dispose([x, filter, first, second]);
      return numbers;
    });
    expectClose(sums, [72, 144], 1e-5);
  });
});

describe('gradients of depthwise convolutions', () => {
  const depthwise = (window: Window) => {
    const { batch, height, width, inChannels, outChannels, filter, strides, dilations, pad } = window;
    // `outChannels` serves as the multiplier, 1 among its values.
    return {
      x: { shape: [batch, height, width, inChannels] },
      dy: { shape: [batch, ...outSize(window), inChannels * outChannels] },
      filterShape: [...filter, inChannels, outChannels],
      attrs: { strides, dilations, pad },
    };
  };
  const multipliers = fc
    .oneof(windows, vectorWindows)
    .chain((window) => fc.constantFrom(1, 1, 2, 3).map((outChannels) => ({ ...window, outChannels })));

  test('the gradient of the input is that of the cpu backend for any stride, padding and multiplier', async () => {
    const property = fc.asyncProperty(multipliers, (window) => {
      const { x, dy, filterShape, attrs } = depthwise(window);
      const inputs = { dy, filter: { shape: filterShape } };
      const attributes = { ...attrs, inputShape: x.shape };
      return expectLikeCpu(tf.DepthwiseConv2dNativeBackpropInput, inputs, attributes, window.seed);
    });
    await fc.assert(property, runs);
  });

  test('the gradient of the filter is that of the cpu backend for any stride, padding and multiplier', async () => {
    const property = fc.asyncProperty(multipliers, (window) => {
      const { x, dy, filterShape, attrs } = depthwise(window);
      return expectLikeCpu(tf.DepthwiseConv2dNativeBackpropFilter, { x, dy }, { ...attrs, filterShape }, window.seed);
    });
    await fc.assert(property, runs);
  });

  test('with dilations both are adjoint to the forward pass, <dy, conv(x, w)> = <dx, x> = <dw, w>', async () => {
    const dilated = multipliers
      .chain((window) =>
        fc
          .constantFrom<[number, number]>([2, 1], [1, 2], [2, 3])
          .map((dilations): Window => ({ ...window, strides: [1, 1], dilations })),
      )
      .filter((window) => Math.min(...outSize(window)) > 0);
    const property = fc.asyncProperty(dilated, async (window) => {
      const { x, dy, filterShape, attrs } = depthwise(window);
      const filter = { shape: filterShape };
      // The seeds make every run draw the same x, dy and filter, whatever inputs the kernel has.
      const size = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);
      const seed = window.seed;
      const forward = await runOn('cpu', tf.DepthwiseConv2dNative, { x, filter }, attrs, seed);
      const dyValues = values(size(dy.shape), seed + 2);
      const { data: dx } = await onWasm(
        tf.DepthwiseConv2dNativeBackpropInput,
        { dy: [dyValues, dy.shape], filter: [values(size(filterShape), seed + 1), filterShape] },
        { ...attrs, inputShape: x.shape },
      );
      const { data: dw } = await onWasm(
        tf.DepthwiseConv2dNativeBackpropFilter,
        { x: [values(size(x.shape), seed), x.shape], dy: [dyValues, dy.shape] },
        { ...attrs, filterShape },
      );
      const wanted = dot(forward.data, dyValues);
      expectClose([dot(dx, values(size(x.shape), seed))], [wanted], 1e-5);
      expectClose([dot(dw, values(size(filterShape), seed + 1))], [wanted], 1e-5);
    });
    await fc.assert(property, runs);
  });
});

describe('gradients of pooling', () => {
  const pooling = (window: Window, ties: boolean) => {
    const { batch, height, width, inChannels, filter, strides, pad } = window;
    const input = { shape: [batch, height, width, inChannels], ties };
    const dy = { shape: [batch, ...outSize(window), inChannels] };
    return { inputs: { dy, input, output: dy }, attrs: { filterSize: filter, strides, pad } };
  };

  test('max pooling sends the gradient where the cpu backend sends it, to the first of equal maxima', async () => {
    const property = fc.asyncProperty(windows, fc.boolean(), (window, ties) => {
      const { inputs, attrs } = pooling(window, ties);
      return expectLikeCpu(tf.MaxPoolGrad, inputs, attrs, window.seed);
    });
    await fc.assert(property, runs);
  });

  test('average pooling spreads the gradient by the transpose of its forward pass, which does not count the padding', async () => {
    const property = fc.asyncProperty(windows, async (window) => {
      const { inputs, attrs } = pooling(window, false);
      const { batch, height, width, inChannels: channels, seed } = window;
      const { data } = await runOn('wasm', tf.AvgPoolGrad, { dy: inputs.dy, input: inputs.input }, attrs, seed);
      const pixels = height * width;
      // Row p: what the forward pass of cpu makes of an image that is 1 at pixel p. A window of padding alone is NaN.
      const pooled = tf.tidy(() => {
        const units = tf.reshape(tf.eye(pixels), [pixels, height, width, 1]);
        return tf
          .engine()
          .runKernel<tf.Tensor>(tf.AvgPool, { x: units }, attrs as unknown as tf.NamedAttrMap)
          .dataSync();
      });
      const outs = pooled.length / pixels;
      const dy = values(batch * outs * channels, seed);
      const expected = new Float64Array(batch * pixels * channels);
      for (let b = 0; b < batch; b++)
        for (let p = 0; p < pixels; p++)
          for (let o = 0; o < outs; o++)
            for (let c = 0; c < channels; c++)
              expected[(b * pixels + p) * channels + c]! +=
                (pooled[p * outs + o]! || 0) * dy[(b * outs + o) * channels + c]!;
      expectClose(data, expected);
    });
    await fc.assert(property, runs);
  });
});

describe('matrix products', () => {
  const size = fc.integer({ min: 1, max: 40 });

  test('any combination of transposed factors gives the product of the cpu backend', async () => {
    const property = fc.asyncProperty(
      fc.record({ m: size, k: size, n: size, batch: fc.constantFrom([], [1], [3], [2, 2]) }),
      fc.boolean(),
      fc.boolean(),
      fc.nat(1e6),
      ({ m, k, n, batch }, transposeA, transposeB, seed) => {
        const a = { shape: [...batch, ...(transposeA ? [k, m] : [m, k])] };
        const b = { shape: [...batch, ...(transposeB ? [n, k] : [k, n])] };
        return expectLikeCpu(tf.BatchMatMul, { a, b }, { transposeA, transposeB }, seed);
      },
    );
    await fc.assert(property, { numRuns: 120, seed: 7 });
  });

  test.each(['linear', 'relu', 'relu6', 'leakyrelu', 'elu', 'sigmoid', 'prelu'])(
    'bias and activation of a dense layer are those of the cpu backend (%s)',
    async (activation) => {
      const property = fc.asyncProperty(
        fc.record({ m: size, k: size, n: size }),
        fc.boolean(),
        fc.boolean(),
        fc.nat(1e6),
        ({ m, k, n }, transposed, biased, seed) => {
          // The stock kernel, which small products are left to, adds a wrong bias where a factor is transposed.
          const [transposeA, transposeB] = [false, transposed && Math.min(m, n) >= 16];
          const inputs = {
            a: { shape: [1, ...(transposeA ? [k, m] : [m, k])] },
            b: { shape: [1, ...(transposeB ? [n, k] : [k, n])] },
            ...(biased && { bias: { shape: [n] } }),
            ...(activation === 'prelu' && { preluActivationWeights: { shape: [n] } }),
          };
          return expectLikeCpu(
            tf._FusedMatMul,
            inputs,
            { transposeA, transposeB, activation, leakyreluAlpha: 0.2 },
            seed,
          );
        },
      );
      await fc.assert(property, { ...runs, numRuns: 40 });
    },
  );

  test('one tensor multiplied under two shapes is read in the layout of each', async () => {
    const products = async () => {
      const results = tf.tidy(() => {
        const data = tf.tensor1d([1, 2, 3, 4, 5, 6]);
        const multiply = (k: number, n: number) => tf.matMul(tf.reshape(data, [n, k]), tf.reshape(data, [k, n]));
        return [multiply(3, 2), multiply(2, 3), multiply(3, 2)];
      });
      const numbers = await Promise.all(results.map(async (result) => Array.from(await result.data())));
      tf.dispose(results);
      return numbers;
    };
    expect(await onBackend('wasm', products)).toEqual(await onBackend('cpu', products));
  });
});

describe('reductions', () => {
  test('sums and means over any axes are those of the cpu backend', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      fc.nat(15),
      fc.boolean(),
      fc.constantFrom(tf.Sum, tf.Mean),
      fc.nat(1e6),
      (shape, mask, keepDims, kernel, seed) => {
        const axis = shape.map((_, i) => i).filter((i) => mask & (1 << i));
        return expectLikeCpu(kernel, { x: { shape } }, { axis, keepDims }, seed);
      },
    );
    await fc.assert(property, { numRuns: 120, seed: 7 });
  });

  test.each([[[1_000_000, 2], 0] as const, [[1_000_003], undefined] as const])(
    'a sum of a million terms of shape %j keeps the digits that float32 sums lose',
    async (shape, axis) => {
      const sums = await onBackend('wasm', () => tf.tidy(() => tf.sum(tf.fill([...shape], 0.1), axis)).data());
      for (const sum of sums) expect(sum / (Math.fround(0.1) * shape[0])).toBeCloseTo(1, 6);
    },
  );

  test.each(['int32', 'float32'] as const)('segment sums of %s drop rows outside the segments', async (dtype) => {
    const sums = async () => {
      const out = tf.tidy(() =>
        tf.unsortedSegmentSum(
          tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 2], dtype),
          tf.tensor1d([2, 0, 2, -1, 7], 'int32'),
          3,
        ),
      );
      const result = { dtype: out.dtype, shape: out.shape, data: Array.from(await out.data()) };
      out.dispose();
      return result;
    };
    expect(await onBackend('wasm', sums)).toEqual({ dtype, shape: [3, 2], data: [3, 4, 0, 0, 6, 8] });
  });
});

describe('copies', () => {
  test('a tensor repeated along any axes is that of the cpu backend', async () => {
    const axis = fc.record({ size: fc.constantFrom(1, 1, 2, 3), reps: fc.constantFrom(1, 1, 2, 3, 5) });
    const property = fc.asyncProperty(
      fc.array(axis, { minLength: 1, maxLength: 4 }),
      fc.nat(1e6),
      async (axes, seed) => {
        const x = { shape: axes.map(({ size }) => size) };
        await expectLikeCpu(tf.Tile, { x }, { reps: axes.map(({ reps }) => reps) }, seed, 1e-12);
      },
    );
    await fc.assert(property, runs);
  });

  test.each(['bool', 'int32'] as const)('a tensor of type %s is repeated as it is', async (dtype) => {
    const repeat = async () => {
      const x = tf.tensor([1, 0, 0, 1, 1, 0], [2, 1, 3], dtype);
      const y = tf.tile(x, [2, 3, 1]);
      const values = [...(await y.data())];
      tf.dispose([x, y]);
      return { dtype: y.dtype, values };
    };
    expect(await onBackend('wasm', repeat)).toEqual(await onBackend('cpu', repeat));
  });

  test('a clone and a cast to the same type live on when the original is disposed', async () => {
    await onBackend('wasm', async () => {
      const dataIds = tf.backend().numDataIds();
      const x = tf.tensor1d([1, 2, 3]);
      const copies = [tf.clone(x), tf.cast(x, 'float32')];
      expect(tf.backend().numDataIds()).toBe(dataIds + 1);
      x.dispose();
      for (const copy of copies) {
        expect(Array.from(await copy.data())).toEqual([1, 2, 3]);
        copy.dispose();
      }
      expect(tf.backend().numDataIds()).toBe(dataIds);
    });
  });

  test('a cast to another type converts, and strings are cloned as before', async () => {
    await onBackend('wasm', async () => {
      const whole = tf.tidy(() => tf.cast(tf.tensor1d([1.7, -2.2]), 'int32'));
      expect(Array.from(await whole.data())).toEqual([1, -2]);
      const words = tf.tidy(() => tf.clone(tf.tensor1d(['a', 'b'])));
      expect(Array.from(await words.data())).toEqual(['a', 'b']);
      tf.dispose([whole, words]);
    });
  });
});

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Runs one kernel on wasm with given values. */
function onWasm(
  kernel: string,
  inputs: Readonly<Record<string, readonly [Float32Array, readonly number[]]>>,
  attrs: object,
): Promise<{ readonly data: Float32Array }> {
  return onBackend('wasm', async () => {
    const out = tf.tidy(() => {
      const tensors = Object.entries(inputs).map(([name, [data, shape]]) => [name, tf.tensor(data, [...shape])]);
      return tf.engine().runKernel(kernel, Object.fromEntries(tensors), attrs as tf.NamedAttrMap) as tf.Tensor;
    });
    const data = Float32Array.from(await out.data());
    out.dispose();
    return { data };
  });
}
