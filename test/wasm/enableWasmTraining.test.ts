import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { values } from './kernelCase';

const kernels = () => new Map(tf.getKernelsForBackend('wasm').map((config) => [config.kernelName, config]));

afterEach(() => disableWasmTraining());

describe('enableWasmTraining', () => {
  test('importing the room changes no kernel, and convolutions cannot be trained', () => {
    expect(tf.getKernel(tf.Conv2DBackpropFilter, 'wasm')).toBeUndefined();
    expect(tf.getKernel(tf.DepthwiseConv2dNativeBackpropFilter, 'wasm')).toBeUndefined();
  });

  test('it adds the missing kernels and replaces slow ones without a warning', () => {
    const warn = vi.spyOn(console, 'warn');
    const before = kernels();
    enableWasmTraining();
    const after = kernels();
    const added = [...after.keys()].filter((name) => !before.has(name)).sort();
    expect(added).toEqual([
      'ActivationGrad',
      'Conv2DBackpropFilter',
      'DepthwiseConv2dNativeBackpropFilter',
      'DepthwiseConv2dNativeBackpropInput',
      'UnsortedSegmentSum',
    ]);
    const replaced = [...before].filter(([name, config]) => after.get(name) !== config).map(([name]) => name);
    expect(replaced).toContain('Conv2DBackpropInput');
    expect(after.get('Conv2DBackpropInput')?.setupFunc).toBe(before.get('Conv2DBackpropInput')?.setupFunc);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  test('a second call changes nothing', () => {
    enableWasmTraining();
    const once = kernels();
    enableWasmTraining();
    expect(kernels()).toEqual(once);
    for (const [name, config] of kernels()) expect(config).toBe(once.get(name));
  });

  test('without Winograd a convolution is a plain sum, and one call undoes the other', async () => {
    const x = tf.tensor(values(8 * 8 * 8, 1), [1, 8, 8, 8]);
    const filter = tf.tensor(values(9 * 8 * 8, 2), [3, 3, 8, 8]);
    const attrs = { strides: [1, 1], pad: 'same', dilations: [1, 1], dataFormat: 'NHWC' };
    const convolve = (backend: 'cpu' | 'wasm') =>
      onBackend(backend, async () => {
        const y = tf.engine().runKernel('Conv2D', { x, filter }, attrs as never) as tf.Tensor;
        return [...(await y.data())];
      });
    const wanted = await convolve('cpu');
    const worst = async () => {
      const got = await convolve('wasm');
      return Math.max(...got.map((value, i) => Math.abs(value - wanted[i]!))) / Math.max(...wanted.map(Math.abs));
    };
    enableWasmTraining({ winograd: false });
    const plain = await worst();
    enableWasmTraining();
    const rounded = await worst();
    enableWasmTraining({ winograd: false });
    expect(await worst()).toBe(plain);
    expect(plain).toBeLessThan(5e-7);
    expect(rounded).toBeGreaterThan(plain);
    tf.dispose([x, filter]);
  });

  test('an option that is not a boolean is refused', () =>
    expectRefusal(() => enableWasmTraining({ winograd: 1 as never }), {
      code: 'INVALID_OPTION',
      fn: 'enableWasmTraining',
      argument: 'winograd',
    }));

  test('disabling puts back the very kernels that were there, also after two calls to enable', () => {
    const before = kernels();
    enableWasmTraining();
    enableWasmTraining();
    disableWasmTraining();
    expect([...kernels().keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, config] of kernels()) expect(config).toBe(before.get(name));
    disableWasmTraining();
    expect(kernels().size).toBe(before.size);
  });

  test('a kernel that the backend brings itself is left alone', () => {
    const own: tf.KernelConfig = {
      kernelName: tf.UnsortedSegmentSum,
      backendName: 'wasm',
      kernelFunc: () => [],
    };
    tf.registerKernel(own);
    enableWasmTraining();
    expect(tf.getKernel(tf.UnsortedSegmentSum, 'wasm')).toBe(own);
    disableWasmTraining();
    expect(tf.getKernel(tf.UnsortedSegmentSum, 'wasm')).toBe(own);
    tf.unregisterKernel(tf.UnsortedSegmentSum, 'wasm');
  });

  test('enabled before the backend starts, kernels that fall back on stock ones work', async () => {
    enableWasmTraining();
    await onBackend('wasm', async () => {
      const product = tf.tidy(() => tf.matMul(tf.ones([2, 1, 3]), tf.ones([2, 3, 1])));
      expect(Array.from(await product.data())).toEqual([3, 3]);
      product.dispose();
    });
  });

  test('without the backend it is refused with what to import', async () => {
    const find = vi.spyOn(tf.engine(), 'findBackendFactory').mockReturnValue(null as never);
    await expectRefusal(() => enableWasmTraining(), {
      code: 'MISSING_DEPENDENCY',
      fn: 'enableWasmTraining',
      argument: 'backend',
    });
    find.mockRestore();
  });

  test('the heap of the backend stays as large as it was over a thousand gradients', async () => {
    enableWasmTraining();
    await onBackend('wasm', () => {
      const x = tf.randomUniform<tf.Rank.R4>([4, 12, 12, 8]);
      const filter = tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 8, 8]));
      const weights = tf.variable(tf.randomNormal<tf.Rank.R2>([288, 4]));
      const step = () => {
        const { value, grads } = tf.variableGrads(() =>
          tf.tidy(() => {
            const hidden = tf.maxPool(tf.relu(tf.conv2d(x, filter, 1, 'same')), 2, 2, 'same');
            const pooled = tf.reshape(hidden, [4, 288]);
            return tf.sum(tf.matMul(pooled, weights)) as tf.Scalar;
          }),
        );
        // New weights are new data, and the backend keeps prepared operators for each.
        tf.tidy(() => {
          filter.assign(tf.sub(filter, tf.mul(1e-4, grads[filter.name]!)));
          weights.assign(tf.sub(weights, tf.mul(1e-4, grads[weights.name]!)));
        });
        tf.dispose([value, grads]);
      };
      for (let i = 0; i < 20; i++) step();
      const heap = heapBytes();
      const { numTensors } = tf.memory();
      const dataIds = tf.backend().numDataIds();
      for (let i = 0; i < 1000; i++) step();
      expect(tf.memory().numTensors).toBe(numTensors);
      expect(tf.backend().numDataIds()).toBe(dataIds);
      expect(heapBytes()).toBe(heap);
      tf.dispose([x, filter, weights]);
    });
  });
});

/** Size of the memory of the wasm backend, which only ever grows. */
function heapBytes(): number {
  const backend = tf.backend() as tf.KernelBackend & { readonly wasm: { readonly HEAPU8: Uint8Array } };
  return backend.wasm.HEAPU8.byteLength;
}
