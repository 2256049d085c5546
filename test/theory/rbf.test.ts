import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { confidences } from '../../src/classifier';
import { kMeans } from '../../src/core/kMeans';
import { atOnce } from '../../src/core/pausing';
import type { Progress } from '../../src/core/progress';
import { createRng } from '../../src/core/rng';
import { twoMoons } from '../../src/datasets';
import { evaluateRbf, type RbfNetwork, rbfDistance, rbfModel, rbfNetwork } from '../../src/theory';
import { trainWeights } from '../../src/theory/rbf/rbfNetwork';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

const twoCentres: RbfNetwork = {
  inputShape: [2],
  inputSize: 2,
  classes: 3,
  gamma: 0.5,
  centres: new Float64Array([0, 0, 2, 0]),
  weights: new Float64Array([1, 2, 3, 4, 5, 6]),
};

function errorRate(net: RbfNetwork, { x, y }: { readonly x: Float32Array; readonly y: Int32Array }): number {
  const wrong = y.filter((label, i) => {
    const logits = evaluateRbf(net, x.subarray(i * net.inputSize, (i + 1) * net.inputSize));
    return logits.indexOf(Math.max(...logits)) !== label;
  });
  return wrong.length / y.length;
}

describe('evaluateRbf', () => {
  it('is sum_l a_kl exp(-gamma |x - c_l|^2)', () => {
    // (1, 1) is at squared distance 2 from both centres.
    const [a, b, c] = evaluateRbf(twoCentres, [1, 1]);
    expect([a! / Math.exp(-1), b! / Math.exp(-1), c! / Math.exp(-1)]).toEqual([
      expect.closeTo(3, 12),
      expect.closeTo(7, 12),
      expect.closeTo(11, 12),
    ]);
  });

  it('goes to exactly uniform logits far away', () => {
    expect([...evaluateRbf(twoCentres, [1e6, -1e6])]).toEqual([0, 0, 0]);
  });

  it('refuses a point of the wrong length, a NaN, and a network that is none', async () => {
    const fn = 'evaluateRbf';
    await expectRefusal(() => evaluateRbf(twoCentres, [1]), { code: 'INVALID_SHAPE', fn, argument: 'x' });
    await expectRefusal(() => evaluateRbf(twoCentres, [1, Number.NaN]), { code: 'NON_FINITE', fn, argument: 'x' });
    const short = { ...twoCentres, weights: new Float64Array(5) };
    await expectRefusal(() => evaluateRbf(short, [1, 1]), { code: 'INVALID_SHAPE', fn, argument: 'net' });
    await expectRefusal(() => evaluateRbf({ ...twoCentres, gamma: 0 }, [1, 1]), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'net.gamma',
    });
  });
});

describe('rbfDistance', () => {
  it('is the Euclidean distance to the nearest centre', () => {
    expect(rbfDistance(twoCentres, [5, 4])).toBe(5);
    expect(rbfDistance(twoCentres, [2, 0])).toBe(0);
  });
});

describe('rbfNetwork', () => {
  it('tells of its iterations when they are done, and of the search for centres before them, and can be stopped', async () => {
    const moons = twoMoons({ points: 12, seed: 1 });
    const seen = (options: object) => {
      const told: string[] = [];
      const onProgress = ({ label, done, total }: Progress) => told.push(`${label} ${done} of ${total}`);
      rbfNetwork({ ...moons, iterations: 3, ...options, onProgress });
      return told;
    };
    const weights = ['weights 1 of 3', 'weights 2 of 3', 'weights 3 of 3'];
    expect(seen({})).toEqual(weights);
    const withCentres = seen({ centres: 4 });
    expect(withCentres.slice(-3)).toEqual(weights);
    expect(new Set(withCentres.slice(0, -3))).toEqual(new Set(['centres 0 of 3']));
    const aborted = { code: 'ABORTED', fn: 'rbfNetwork', argument: 'signal' } as const;
    await expectRefusal(() => rbfNetwork({ ...moons, signal: AbortSignal.abort() }), aborted);
  });

  it('separates the two moons, with the data or with k-means for centres', () => {
    const train = twoMoons({ points: 200, seed: 1 });
    const test = twoMoons({ points: 400, seed: 2 });
    expect(errorRate(rbfNetwork({ ...train }), test)).toBeLessThan(0.01);
    const small = rbfNetwork({ ...train, centres: 20, gamma: 30, seed: 3 });
    expect(small.centres).toHaveLength(40);
    expect(errorRate(small, test)).toBeLessThan(0.01);
  });

  it('is the same for the same seed', () => {
    const options = { ...twoMoons({ points: 60, seed: 1 }), centres: 6, iterations: 20, seed: 'a' } as const;
    expect(rbfNetwork(options)).toEqual(rbfNetwork(options));
    expect(rbfNetwork(options)).not.toEqual(rbfNetwork({ ...options, seed: 'b' }));
  });

  it('takes for gamma one by the median squared distance of inputs to centres', () => {
    // Squared distances of 0, 1, 3 among themselves: 0 three times, 1, 1, 4, 4, 9, 9; the fifth is 1.
    expect(rbfNetwork({ x: [0, 1, 3], y: [0, 1, 0] }).gamma).toBe(1);
    expect(rbfNetwork({ x: [0, 2, 6], y: [0, 1, 0] }).gamma).toBe(1 / 4);
  });

  it('takes { xs, ys } for { x, y }, names them in refusals, and refuses a mixture and tensors', async () => {
    const fn = 'rbfNetwork';
    const { x, y } = twoMoons({ points: 40, seed: 1 });
    const how = { centres: 5, iterations: 10, seed: 2 };
    expect(rbfNetwork({ xs: x, ys: y, ...how })).toEqual(rbfNetwork({ x, y, ...how }));
    const mixed = { code: 'INVALID_ARGUMENT', fn, argument: 'options' } as const;
    for (const data of [
      { x, ys: y },
      { xs: x, y },
      { x, y, ys: y },
      { x, y, xs: x, ys: y },
    ])
      await expectRefusal(() => rbfNetwork({ ...data, ...how } as never), mixed);
    const cases = [
      [{ xs: [0, 1, 2], ys: [0, 1] }, 'INVALID_SHAPE', 'xs'],
      [{ xs: [0, 1], ys: [0, 0.5] }, 'INVALID_LABELS', 'ys'],
      [{ xs: [0, 1], ys: [] }, 'EMPTY_INPUT', 'ys'],
      [{ xs: [0, 1] }, 'INVALID_ARGUMENT', 'ys'],
      [{ xs: tf.keep(tf.tensor1d([0, 1])), ys: [0, 1] }, 'INVALID_ARGUMENT', 'xs'],
    ] as const;
    for (const [data, code, argument] of cases)
      await expectRefusal(() => rbfNetwork(data as never), { code, fn, argument });
  });

  it('refuses data that do not fit and options out of range', async () => {
    const fn = 'rbfNetwork';
    const data = { x: [0, 1, 2, 3], y: [0, 1] };
    const cases = [
      [{ ...data, y: [0, 1, 1] }, 'INVALID_SHAPE', 'x'],
      [{ ...data, inputShape: [3] }, 'INVALID_SHAPE', 'x'],
      [{ ...data, y: [0, 0.5] }, 'INVALID_LABELS', 'y'],
      [{ ...data, classes: 2, y: [0, 2] }, 'INVALID_LABELS', 'y'],
      [{ ...data, x: [0, 1, 2, Number.NaN] }, 'NON_FINITE', 'x'],
      [{ x: [], y: [] }, 'EMPTY_INPUT', 'x'],
      [{ ...data, centres: 3 }, 'INVALID_OPTION', 'centres'],
      [{ ...data, gamma: -1 }, 'INVALID_OPTION', 'gamma'],
      [{ ...data, weightDecay: -1 }, 'INVALID_OPTION', 'weightDecay'],
      [{ ...data, iterations: 0 }, 'INVALID_OPTION', 'iterations'],
    ] as const;
    for (const [options, code, argument] of cases)
      await expectRefusal(() => rbfNetwork(options), { code, fn, argument });
  });
});

describe('the training of the weights', () => {
  it('ends where the gradient of cross entropy plus weight decay is zero, by central differences', () => {
    const rng = createRng(1);
    const [n, m, classes, weightDecay] = [12, 4, 3, 0.01];
    const features = Float64Array.from({ length: n * m }, () => rng.uniform());
    const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
    const weights = trainWeights({ features, labels, classes, weightDecay, iterations: 2000 });
    const loss = (w: Float64Array) => {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const logits = Array.from({ length: classes }, (_, k) =>
          Array.from({ length: m }, (_, l) => w[k * m + l]! * features[i * m + l]!).reduce((a, b) => a + b),
        );
        sum += Math.log(logits.reduce((a, z) => a + Math.exp(z), 0)) - logits[labels[i]!]!;
      }
      return sum / n + weightDecay * w.reduce((a, v) => a + v * v, 0);
    };
    const slopes = Array.from(weights, (_, j) => {
      const moved = (by: number) => weights.map((v, i) => (i === j ? v + by : v));
      return (loss(moved(1e-5)) - loss(moved(-1e-5))) / 2e-5;
    });
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThan(1e-9);
    expect(Math.max(...weights)).toBeGreaterThan(0.1);
  });
});

describe('kMeans', () => {
  it('finds clusters that are far apart, whatever the seed', () => {
    const rng = createRng(1);
    const corners = [0, 10, 20];
    const x = Float64Array.from({ length: 60 }, (_, i) => corners[i % 3]! + rng.uniform());
    for (let seed = 0; seed < 20; seed++) {
      const centres = atOnce(kMeans(x, 1, 3, createRng(seed))).sort();
      for (const [i, corner] of corners.entries()) {
        const members = x.filter((_, j) => j % 3 === i);
        expect(centres[i]).toBeCloseTo(members.reduce((a, b) => a + b) / 20, 12);
        expect(centres[i]).toBeGreaterThan(corner);
      }
    }
  });

  it('copes with fewer distinct points than centres', () => {
    expect([...atOnce(kMeans(new Float64Array([1, 1, 1]), 1, 2, createRng(0)))]).toEqual([1, 1]);
  });
});

describe('rbfModel', () => {
  it('has the logits of the network up to float32 rounding, near its centres and far from them', async () => {
    const net = rbfNetwork({ ...twoMoons({ points: 80, seed: 1 }), centres: 10, inputShape: [1, 2] });
    await expectNoLeak(async () => {
      const model = rbfModel(net);
      for (const scale of [0.1, 1, 3, 1e4]) {
        const points = Array.from({ length: 20 }, (_, i) => [scale * Math.cos(i), scale * Math.sin(i)]);
        const x = tf.tensor3d(points.map((point) => [point]));
        const logits = model.predict(x) as tf.Tensor;
        const values = await logits.data();
        for (const [i, point] of points.entries())
          for (const [k, expected] of evaluateRbf(net, point).entries())
            expect(Math.abs(values[2 * i + k]! - expected)).toBeLessThan(1e-3);
        tf.dispose([x, logits]);
      }
      model.dispose();
    });
  });

  it('trains its weights and not its centres, and can be saved and loaded', async () => {
    const model = rbfModel(twoCentres);
    expect(model.trainableWeights.map(({ shape }) => shape)).toEqual([[2, 3]]);
    expect(model.weights).toHaveLength(2);
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    const loaded = await loadLayersModel(tf.io.fromMemory(saved!));
    const x = tf.tensor2d([[0.5, 0.5]]);
    expect(await confidences(loaded, x)).toEqual(await confidences(model, x));
    tf.dispose([x]);
    model.dispose();
    loaded.dispose();
  });
});
