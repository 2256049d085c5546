import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pgdLinf } from '../../src/attacks';
import { classifier } from '../../src/classifier/classifier';
import { expectNoLeak } from '../support/expectNoLeak';

const weights = Float32Array.of(0.01, -0.02, 0.03, 0.01, -0.01, 0.02, 0.04, -0.03);

/** A GraphModel of images `[B, 2, 2, 1]` of whole numbers: `reshape(cast(x)) W`, with two classes. */
function model(type: 'DT_UINT8' | 'DT_INT32', batch = -1) {
  const sizes = (...shape: number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });
  const constant = (name: string, dtype: string, ...shape: number[]) => ({
    name,
    op: 'Const',
    attr: { dtype: { type: dtype }, value: { tensor: { dtype, tensorShape: sizes(...shape) } } },
  });
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type }, shape: { shape: sizes(batch, 2, 2, 1) } } },
    constant('w', 'DT_FLOAT', 4, 2),
    constant('shape', 'DT_INT32', 2),
    { name: 'float', op: 'Cast', input: ['x'], attr: { SrcT: { type }, DstT: { type: 'DT_FLOAT' } } },
    { name: 'flat', op: 'Reshape', input: ['float', 'shape'], attr: { T: { type: 'DT_FLOAT' } } },
    {
      name: 'logits',
      op: 'MatMul',
      input: ['flat', 'w'],
      attr: { T: { type: 'DT_FLOAT' }, transpose_a: { b: false }, transpose_b: { b: false } },
    },
  ];
  const weightSpecs: tf.io.WeightsManifestEntry[] = [
    { name: 'w', shape: [4, 2], dtype: 'float32' },
    { name: 'shape', shape: [2], dtype: 'int32' },
  ];
  const weightData = new Uint8Array([...new Uint8Array(weights.buffer), ...new Uint8Array(Int32Array.of(-1, 4).buffer)])
    .buffer;
  const modelTopology = { node, versions: { producer: 1 } };
  return loadGraphModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
}

describe('a GraphModel of images of whole numbers', () => {
  it.each([
    ['DT_UINT8', -1],
    ['DT_INT32', -1],
    ['DT_UINT8', 2],
  ] as const)(
    '(%s, batch %i) is given the nearest ones, lies in [0, 255], and has the gradients of what it computes',
    async (type, batch) => {
      const graph = await model(type, batch);
      await expectNoLeak(async () => {
        const net = classifier(graph);
        expect([net.bounds, net.boundsFrom, net.classes]).toEqual([[0, 255], 'model', 2]);
        const values = [0.2, 254.6, 17.5, 3, 100, 99.4, 0, 255, 12, 13, 14, 15];
        const x = tf.tensor(values, [3, 2, 2, 1]);
        const logits = tf.tidy(() => net.logits(x));
        const want = [0, 1, 2].flatMap((row) =>
          [0, 1].map((k) =>
            [0, 1, 2, 3].reduce((sum, i) => sum + Math.floor(values[4 * row + i]! + 0.5) * weights[2 * i + k]!, 0),
          ),
        );
        for (const [i, value] of (await logits.data()).entries()) expect(value).toBeCloseTo(want[i]!, 4);
        const gradient = tf.tidy(() => tf.grad((at) => tf.sum(tf.slice(net.logits(at), [0, 0], [-1, 1])))(x));
        expect(Array.from((await gradient.data()).subarray(0, 4))).toEqual([0, 2, 4, 6].map((i) => weights[i]));
        const { adversarial, objective } = pgdLinf(net, x, { epsilon: 9, stepSize: 3, steps: 4, seed: 1 });
        expect((await adversarial.data()).every((value) => value >= 0 && value <= 255)).toBe(true);
        tf.dispose([x, logits, gradient, adversarial, objective]);
      });
      graph.dispose();
    },
  );
});
