import * as tf from '@tensorflow/tfjs-core';
import { input, layers, type SymbolicTensor, sequential, model as tfModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/index';
import { mlp } from '../../src/models/index';
import * as regions from '../../src/regions/index';
import { evaluate, inputPlane, toPiecewiseAffine } from '../../src/regions/index';
import * as theory from '../../src/theory';
import { expectRefusal } from '../support/expectRefusal';
import { gap, predicted, randomWeights } from '../support/regionModels';

const where = { fn: 'toPiecewiseAffine', argument: 'model' } as const;
const unsupported = { ...where, code: 'UNSUPPORTED_MODEL' } as const;
const small = () => randomWeights(mlp({ inputShape: [2], hidden: [5], classes: 3 }), 3);
const soft = () =>
  randomWeights(sequential({ layers: [layers.dense({ units: 3, inputShape: [2], activation: 'softmax' })] }), 2);

describe('whatever is a view of a LayersModel', () => {
  it('is read as the LayersModel is', () => {
    for (const net of [small(), soft()])
      expect([...evaluate(toPiecewiseAffine(classifier(net, { bounds: [-3, 5] })), [0.3, 1])]).toEqual([
        ...evaluate(toPiecewiseAffine(net), [0.3, 1]),
      ]);
  });

  it('is scaled up by alphaScaling, in its own bounds', async () => {
    const net = small();
    const samples = [
      [0.3, 1],
      [-0.4, 0.1],
    ];
    const wide = await theory.alphaScaling(classifier(net, { bounds: [-9, 9] }), samples, { confidence: 0.9 });
    const same = await theory.alphaScaling(toPiecewiseAffine(net), samples, { confidence: 0.9, bounds: [-9, 9] });
    expect(wide).toEqual(same);
    expect(await theory.alphaScaling(net, samples, { confidence: 0.9 })).toEqual(
      await theory.alphaScaling(toPiecewiseAffine(net), samples, { confidence: 0.9, bounds: [0, 1] }),
    );
  });

  it('is refused where its logits are not those of the model', async () => {
    const net = soft();
    await expectRefusal(
      () =>
        toPiecewiseAffine({ ...classifier(net), logits: (x) => tf.tidy(() => tf.mul(3, classifier(net).logits(x))) }),
      unsupported,
    );
  });

  it('and a function, a GraphModel or nothing at all is refused', async () => {
    await expectRefusal(() => toPiecewiseAffine((x) => x as tf.Tensor2D), unsupported);
    await expectRefusal(() => toPiecewiseAffine({} as never), unsupported);
    await expectRefusal(() => toPiecewiseAffine(7 as never), { ...where, code: 'INVALID_ARGUMENT' });
  });
});

describe('a sigmoid at the end', () => {
  const endings = {
    'of a dense layer': () => [layers.dense({ units: 1, activation: 'sigmoid' })],
    'in an activation layer': () => [layers.dense({ units: 1 }), layers.activation({ activation: 'sigmoid' })],
    'of a nested model': () => [
      sequential({ layers: [layers.dense({ units: 1, activation: 'sigmoid', inputShape: [4] })] }),
    ],
  };
  it.each(Object.entries(endings))('makes two classes with the logits 0 and z: %s', async (_, ending) => {
    const net = randomWeights(
      sequential({ layers: [layers.dense({ units: 4, activation: 'relu', inputShape: [2] }), ...ending()] }),
      4,
    );
    const exact = toPiecewiseAffine(net);
    expect(exact.classes).toBe(2);
    for (const x of [
      [0.3, -1],
      [2, 1],
      [-1, -1],
    ]) {
      const [zero, z] = evaluate(exact, x);
      expect(zero).toBe(0);
      expect(gap([1 / (1 + Math.exp(-z!))], await predicted(net, x))).toBeLessThan(1e-6);
    }
    expect(theory.asymptoticConfidence(exact, [1, 1]).probabilities).toHaveLength(2);
  });

  it.each(['sigmoid', 'tanh', 'hardSigmoid', 'softsign'] as const)(
    'is refused for several classes: %s',
    async (activation) => {
      const net = sequential({ layers: [layers.dense({ units: 3, activation, inputShape: [2], name: 'bounded' })] });
      await expectRefusal(() => toPiecewiseAffine(net), unsupported);
      expect(() => toPiecewiseAffine(net)).toThrow(/"bounded".*activation/s);
    },
  );

  it('is refused on the way', async () => {
    const x = input({ shape: [2] });
    const gate = layers.dense({ units: 1, activation: 'sigmoid', name: 'gate' }).apply(x) as SymbolicTensor;
    const net = tfModel({ inputs: x, outputs: layers.dense({ units: 2 }).apply(gate) as SymbolicTensor });
    await expectRefusal(() => toPiecewiseAffine(net), unsupported);
  });
});

describe('keys that nobody reads', () => {
  const net = toPiecewiseAffine(small());
  const rbf = theory.rbfNetwork({ x: [0, 0, 1, 1], y: [0, 1], iterations: 1 });
  const x = [0.3, 1];
  const wrong = { extra: 1 } as never;
  const [region] = regions.sliceRegions(net, inputPlane);
  const calls: Readonly<Record<string, readonly [string, () => unknown]>> = {
    alphaScaling: ['options', () => theory.alphaScaling(net, [x], wrong)],
    checkTheorem31: ['options', () => theory.checkTheorem31(net, [x], wrong)],
    minimalAlpha: ['options', () => theory.minimalAlpha(net, x, wrong)],
    rbfNetwork: ['options', () => theory.rbfNetwork({ x: [0, 1], y: [0, 1], ...(wrong as object) })],
    checkTheorem32: ['options', () => theory.checkTheorem32(rbf, { distance: 1, ...(wrong as object) })],
    rbfRadius: ['options', () => theory.rbfRadius(rbf, 0.1, wrong)],
    distanceToBoundary: ['options', () => regions.distanceToBoundary(net, x, wrong)],
    inscribedBall: ['options', () => regions.inscribedBall(net, x, wrong)],
    rayPieces: ['options', () => regions.rayPieces(net, x, x, wrong)],
    traceRay: ['options', () => regions.traceRay(net, x, x, wrong)],
    linearRegion: ['options', () => regions.linearRegion(net, x).contains(x, wrong)],
    sliceRegions: ['options', () => regions.sliceRegions(net, inputPlane, wrong)],
    countRegions: ['plane', () => regions.countRegions(net, { ...inputPlane, ...(wrong as object) })],
    clipRegion: ['box', () => regions.clipRegion(region!, { x: [0, 1], y: [0, 1], ...(wrong as object) })],
  };
  it.each(Object.entries(calls))('are refused by %s', async (fn, [argument, call]) => {
    await expectRefusal(call, { code: 'INVALID_OPTION', fn, argument });
  });
});
