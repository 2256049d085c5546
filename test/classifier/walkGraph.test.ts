import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { walkGraph } from '../../src/classifier/walkGraph';
import { evaluate, toPiecewiseAffine } from '../../src/regions/index';
import { modelSpan } from '../../src/training/good/modelSpan';
import { expectRefusal } from '../support/expectRefusal';
import { gap, predicted, randomWeights } from '../support/regionModels';

type Applied = { apply(x: SymbolicTensor | SymbolicTensor[]): unknown };
const one = (layer: Applied, ...x: SymbolicTensor[]) => layer.apply(x.length === 1 ? x[0]! : x) as SymbolicTensor;
const two = (layer: Applied, x: SymbolicTensor) => layer.apply(x) as [SymbolicTensor, SymbolicTensor];
const dense = (units = 3) => layers.dense({ units, activation: 'relu' });

/** A model with two results, the second made from the first. */
function inner(first: Applied = dense(), second: Applied = layers.dense({ units: 3 })) {
  const x = input({ shape: [3] });
  const middle = one(first, x);
  return model({ inputs: x, outputs: [middle, one(second, middle)] });
}

const models: Readonly<Record<string, () => LayersModel>> = {
  'an inner model used twice in a row': () => {
    const [x, used] = [input({ shape: [3] }), sequential({ layers: [layers.dense({ units: 3, inputShape: [3] })] })];
    return model({ inputs: x, outputs: one(used, one(layers.reLU(), one(used, x))) });
  },
  'an inner model used twice side by side': () => {
    const [x, used] = [input({ shape: [3] }), inner()];
    const [a, b] = two(used, x);
    const [c, d] = two(used, one(dense(), x));
    return model({ inputs: x, outputs: one(layers.concatenate(), a, b, c, d) });
  },
  'a shared layer': () => {
    const [x, shared] = [input({ shape: [3] }), dense()];
    const y = one(shared, x);
    return model({ inputs: x, outputs: one(layers.add(), y, one(shared, y), one(shared, one(layers.reLU(), x))) });
  },
  'a layer shared by the model and its inner model': () => {
    const [x, shared] = [input({ shape: [3] }), dense()];
    const [a, b] = two(inner(shared), one(shared, x));
    return model({ inputs: x, outputs: one(layers.add(), a, b) });
  },
  'the second result of an inner model': () => {
    const x = input({ shape: [3] });
    return model({ inputs: x, outputs: two(inner(), x)[1] });
  },
  'inner models with two inputs, inside each other': () => {
    const [x, y] = [input({ shape: [3] }), input({ shape: [3] })];
    const both = model({ inputs: [x, y], outputs: [one(layers.add(), x, one(dense(), y)), one(dense(), x)] });
    const z = input({ shape: [3] });
    const [a, b] = both.apply([z, one(dense(), z)]) as SymbolicTensor[];
    const around = model({ inputs: z, outputs: [b!, a!] });
    const start = input({ shape: [3] });
    const [c, d] = two(around, start);
    return model({ inputs: start, outputs: one(layers.concatenate(), c, d) });
  },
  'an inner model that returns its input': () => {
    const [x, y] = [input({ shape: [3] }), input({ shape: [3] })];
    const [same, other] = two(model({ inputs: x, outputs: [x, one(dense(), x)] }), y);
    return model({ inputs: y, outputs: one(layers.concatenate(), same, other) });
  },
  'a model added to a sequential model': () =>
    sequential({ layers: [sequential({ layers: [layers.dense({ units: 4, inputShape: [3] })] }), dense()] }),
};

describe('walkGraph', () => {
  it.each(Object.entries(models))('finds what the model computes: %s', async (_, make) => {
    const net = randomWeights(make(), 3);
    const x = Float32Array.of(0.3, -0.7, 1.1);
    const expected = await predicted(net, x);
    expect(gap(evaluate(toPiecewiseAffine(net), x), expected)).toBeLessThan(1e-6);
    const point = tf.tensor2d(x, [1, 3]);
    const span = tf.tidy(() => modelSpan('f', net, { lower: point, upper: point }).lower);
    expect(gap(await span.data(), expected)).toBeLessThan(1e-6);
    tf.dispose([point, span]);
    net.dispose();
  });

  it('reads every layer once for each use, inputs first, and nothing that no result needs', () => {
    const x = input({ shape: [3] });
    const used = inner(layers.dense({ units: 3, name: 'a' }), layers.dense({ units: 3, name: 'b' }));
    const [first, second] = two(used, x);
    const [third] = two(used, first);
    const outputs = one(layers.add({ name: 'sum' }), first, second, third);
    const seen: string[] = [];
    const [depth] = walkGraph(model({ inputs: x, outputs }), [0], ({ layer, inputs }) => {
      seen.push(layer.name);
      return Math.max(...inputs) + 1;
    });
    expect(seen).toEqual(['a', 'b', 'a', 'sum']);
    expect(depth).toBe(3);
  });

  it('calls a result the last only where no other layer reads it', async () => {
    const softmax = layers.dense({ units: 3, activation: 'softmax', name: 'soft' });
    const x = input({ shape: [3] });
    const net = model({ inputs: x, outputs: two(inner(softmax), x)[1] });
    const last: (readonly [string, boolean])[] = [];
    walkGraph(net, [0], ({ layer, last: isLast }) => last.push([layer.getClassName(), isLast]));
    expect(last).toEqual([
      ['Dense', false],
      ['Dense', true],
    ]);
    await expectRefusal(() => toPiecewiseAffine(net), {
      code: 'UNSUPPORTED_MODEL',
      fn: 'toPiecewiseAffine',
      argument: 'model',
    });
    const first = model({ inputs: x, outputs: two(inner(softmax), x)[0] });
    expect(evaluate(toPiecewiseAffine(first), [1, 2, 3])).toHaveLength(3);
  });
});
