import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { classifier, confidences } from '../../src/classifier';
import { differentiate } from '../../src/classifier/differentiate';
import { withRightKernels } from '../../src/classifier/rightKernels';
import { createRng } from '../../src/core/rng';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { randomWeights } from '../support/regionModels';

const REFUSED = { code: 'UNSUPPORTED_MODEL', fn: 'classifier', argument: 'model' } as const;

type Layer = (inputShape: number[]) => tf.serialization.Serializable & { name: string };

/** Windows shorter than their strides, so that the last rows or columns of the image are seen by none. */
const conv = (kernelSize: [number, number], strides: [number, number], activation: 'linear' | 'relu' = 'linear') =>
  ((inputShape) =>
    layers.conv2d({ inputShape, filters: 3, kernelSize, strides, padding: 'same', activation })) as Layer;
const cases: readonly (readonly [string, Layer, number[]])[] = [
  ['Conv2D 1x3, stride 2', conv([1, 3], [2, 2]), [4, 7, 2]],
  ['Conv2D 1x3, stride 2, ReLU', conv([1, 3], [2, 2], 'relu'), [6, 6, 2]],
  ['Conv2D 3x1, strides 1 and 2', conv([3, 1], [1, 2]), [6, 6, 1]],
  ['Conv2D 2x2, stride 3', conv([2, 2], [3, 3]), [6, 6, 2]],
  ['Conv2D 1x1, stride 3', conv([1, 1], [3, 3]), [6, 5, 2]],
  [
    'DepthwiseConv2D 1x3, stride 2',
    (inputShape) => layers.depthwiseConv2d({ inputShape, kernelSize: [1, 3], strides: [2, 2], padding: 'same' }),
    [4, 7, 2],
  ],
  [
    'SeparableConv2D 1x3, stride 2',
    (inputShape) =>
      layers.separableConv2d({ inputShape, filters: 3, kernelSize: [1, 3], strides: [2, 2], padding: 'same' }),
    [4, 7, 2],
  ],
];

function build(layer: Layer, inputShape: number[]): LayersModel {
  const net = sequential();
  net.add(layer(inputShape) as Parameters<typeof net.add>[0]);
  net.add(layers.flatten());
  net.add(layers.dense({ units: 3 }));
  return randomWeights(net, 5);
}

/** Logits of a batch of three and, if wanted, the gradient of their weighted sum with respect to the images. */
async function measure(model: LayersModel, shape: number[], gradient: boolean): Promise<number[][]> {
  const rng = createRng(2);
  const values = Float32Array.from({ length: 3 * tf.util.sizeFromShape(shape) }, () => rng.uniform());
  const net = classifier(model);
  const found = tf.tidy(() => {
    const x = tf.tensor(values, [3, ...shape]);
    const weighted = (z: tf.Tensor) => tf.sum(tf.mul(net.logits(z), [1, -2, 3]));
    return [net.logits(x), ...(gradient ? [differentiate('test', () => tf.grad(weighted)(x))] : [])];
  });
  const read = await Promise.all(found.map(async (t) => [...(await t.data())]));
  tf.dispose(found);
  return read;
}

describe('kernels of the wasm backend', () => {
  it.each(cases)('are right where the last pixels are in no window: %s', async (_, layer, shape) => {
    const model = build(layer, shape);
    const [logits, gradient] = await measure(model, shape, true);
    const stock = await expectNoLeak(() => onBackend('wasm', () => measure(model, shape, false)));
    const ours = await onBackend('wasm', async () => {
      await enableWasmTraining();
      return measure(model, shape, true).finally(disableWasmTraining);
    });
    const expected = [logits!, logits!, gradient!];
    const got = [stock[0]!, ...ours];
    for (const [part, values] of expected.entries())
      for (const [i, value] of values.entries()) expect(got[part]![i]).toBeCloseTo(value, 4);
    model.dispose();
  });

  it('are those of tfjs again after a call, also after one that threw', async () => {
    await onBackend('wasm', async () => {
      const kernels = () => ['Conv2D', 'DepthwiseConv2dNative', 'MaxPool3D'].map((name) => tf.getKernel(name, 'wasm'));
      const before = kernels();
      const model = build(cases[0]![1], cases[0]![2]);
      tf.dispose(classifier(model).logits(tf.ones([1, 4, 7, 2])));
      await expect(confidences(model, tf.ones([1, 4, 8, 2]))).rejects.toThrow();
      for (const [i, kernel] of kernels().entries()) expect(kernel).toBe(before[i]);
    });
  });

  it('that are wrong are refused by the name of their layer, and run on cpu', async () => {
    const model = sequential({
      layers: [
        layers.maxPooling3d({ inputShape: [4, 4, 4, 1], poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    });
    const x = tf.ones([1, 4, 4, 4, 1]);
    const net = classifier(model);
    expect(await confidences(net, x)).toHaveLength(1);
    await onBackend('wasm', () => expectRefusal(() => confidences(net, x), REFUSED));
    tf.dispose(x);
    model.dispose();
  });

  it('refuse batch normalisation over another axis, of which tfjs takes the wrong entries', async () => {
    const model = sequential({
      layers: [
        layers.batchNormalization({ inputShape: [3, 4], axis: 1 }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    });
    const x = tf.ones([1, 3, 4]);
    await expectRefusal(() => confidences(model, x), REFUSED);
    x.dispose();
  });
});

describe('a fused product on wasm', () => {
  const flags = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const));

  it.each(flags.flatMap(([transposeA, transposeB]) => [false, true].map((ours) => ({ transposeA, transposeB, ours }))))(
    'adds to each column its own bias: %o',
    async ({ transposeA, transposeB, ours }) => {
      const rng = createRng(1);
      const values = (...shape: number[]) =>
        tf.tensor(
          Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => rng.normal()),
          shape,
        );
      for (const [m, k, n] of [
        [2, 1, 2],
        [3, 5, 4],
        [20, 7, 18],
      ] as const)
        await onBackend('wasm', async () => {
          if (ours) enableWasmTraining();
          try {
            await expectNoLeak(async () => {
              const [a, b, bias] = [values(m, k), values(k, n), values(n)] as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
              const difference = tf.tidy(() => {
                const fused = withRightKernels(() =>
                  tf.fused.matMul({
                    a: transposeA ? tf.transpose(a) : a,
                    b: transposeB ? tf.transpose(b) : b,
                    bias,
                    transposeA,
                    transposeB,
                    activation: 'relu',
                  }),
                );
                return tf.max(tf.abs(tf.sub(fused, tf.relu(tf.add(tf.matMul(a, b), bias)))));
              });
              expect((await difference.data())[0]).toBeLessThan(1e-5);
              tf.dispose([a, b, bias, difference]);
            });
          } finally {
            disableWasmTraining();
          }
        });
    },
  );
});
