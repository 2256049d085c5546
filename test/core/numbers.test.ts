import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { heNormal } from '../../src/core/heNormal';
import { kMeans } from '../../src/core/kMeans';
import { log1p } from '../../src/core/log1p';
import { atOnce } from '../../src/core/pausing';
import { createRng, type Rng } from '../../src/core/rng';
import { sharpLogitRange, softmax } from '../../src/core/softmax';
import { findSquaredDistances, squaredDistances } from '../../src/core/squaredDistances';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

describe('softmax', () => {
  it('is exp(z_k) / sum exp(z_j), in place, however large the logits are', () => {
    const logits = Float64Array.of(1, 2, 4);
    const sum = Math.exp(1) + Math.exp(2) + Math.exp(4);
    expect(softmax(logits)).toBe(logits);
    for (const [k, z] of [1, 2, 4].entries()) expect(logits[k]).toBeCloseTo(Math.exp(z) / sum, 14);
    expect([...softmax(Float64Array.of(1000, 1000))]).toEqual([0.5, 0.5]);
    expect([...softmax(Float64Array.of(-5000, -4000, Number.NEGATIVE_INFINITY))]).toEqual([0, 1, 0]);
    const [first, second] = softmax(Float64Array.of(-3, 0.5));
    expect(first! / second!).toBeCloseTo(Math.exp(-3.5), 14);
  });
});

describe('squaredDistances', () => {
  it('has the distance of point i to centre l at i m + l', () => {
    const x = Float64Array.of(0, 0, 3, 4, -1, 2);
    expect([...squaredDistances(x, Float64Array.of(0, 0, 1, 1), 2)]).toEqual([0, 2, 25, 13, 5, 5]);
    expect([...squaredDistances(x, Float64Array.of(1), 1)]).toEqual([1, 1, 4, 9, 4, 1]);
  });

  it('has the same distances to many centres at once, none of them negative', () => {
    const [x, centres] = [createRng(1), createRng(2)].map((rng) =>
      Float64Array.from({ length: 19 * 3 }, () => 5 + rng.normal()),
    );
    centres!.set(x!.subarray(0, 3), 6);
    const all = atOnce(findSquaredDistances(x!, centres!, 3));
    for (let l = 0; l < 19; l++) {
      const one = squaredDistances(x!, centres!.subarray(3 * l, 3 * l + 3), 3);
      for (let i = 0; i < 19; i++) expect(all[i * 19 + l]).toBeCloseTo(one[i]!, 12);
    }
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  });
});

/** A stream whose uniform numbers and integers are given beforehand. */
function scripted(uniforms: number[], integers: number[]): Rng {
  return { ...createRng(0), uniform: () => uniforms.shift()!, integer: () => integers.shift()! };
}

describe('kMeans', () => {
  it('starts with a random point and goes on to points in proportion to their squared distance', () => {
    // From 0 the squared distances are 0, 1, 9, 16 of together 26.
    const line = Float64Array.of(0, 1, 3, 4);
    const second = (share: number) => {
      const start = kMeansStart(line, 2, scripted([share, 0], [0]));
      return start[1];
    };
    expect([0, 0.5 / 26, 1.5 / 26, 9.5 / 26, 10.5 / 26, 25.9 / 26].map(second)).toEqual([1, 1, 3, 3, 4, 4]);
    // Rounding that leaves nothing over takes the last point that is not a centre yet.
    expect(second(1 + 1e-9)).toBe(4);
    expect(kMeansStart(Float64Array.of(0, 5, 0), 2, scripted([2, 0], [0]))[1]).toBe(5);
  });

  it('takes the distance to the nearest of the centres so far', () => {
    // After 0 and 10 the squared distances of 0, 1, 9, 10 are 0, 1, 1, 0.
    const starts = [0.4, 0.6].map((share) =>
      kMeansStart(Float64Array.of(0, 1, 9, 10), 3, scripted([0.99, share, 0], [0])),
    );
    expect(starts.map((start) => start[2])).toEqual([1, 9]);
  });

  it('draws any point where all are centres already', () => {
    expect(kMeansStart(Float64Array.of(2, 2), 2, scripted([], [0, 1, 0]))).toEqual([2, 2]);
  });

  it('ends in centres that are the means of the points nearest to them, and tells every round', () => {
    const rng = createRng(3);
    const x = Float64Array.from({ length: 120 }, (_, i) => 10 * (Math.floor(i / 2) % 3) + rng.normal());
    let rounds = 0;
    const centres = atOnce(
      kMeans(x, 2, 3, createRng(1), () => {
        rounds++;
      }),
    );
    const distances = squaredDistances(x, centres, 2);
    const members: number[][] = [[], [], []];
    for (let i = 0; i < 60; i++) {
      const row = [0, 1, 2].map((l) => distances[3 * i + l]!);
      members[row.indexOf(Math.min(...row))]!.push(i);
    }
    for (const [l, points] of members.entries()) {
      expect(points).toHaveLength(20);
      for (const j of [0, 1])
        expect(centres[2 * l + j]).toBeCloseTo(points.reduce((sum, i) => sum + x[2 * i + j]!, 0) / points.length, 12);
    }
    expect(rounds).toBeGreaterThan(0);
    expect(rounds).toBeLessThan(20);
  });

  it('goes on for as many rounds as it takes until no point changes its centre', () => {
    const rng = createRng(6);
    const x = Float64Array.from({ length: 300 }, () => rng.uniform());
    let rounds = 0;
    const centres = atOnce(
      kMeans(x, 1, 8, createRng(2), () => {
        rounds++;
      }),
    );
    expect(rounds).toBeGreaterThan(3);
    const [sums, counts] = [new Float64Array(8), new Float64Array(8)];
    for (const value of x) {
      const gaps = centres.map((centre) => Math.abs(centre - value));
      const nearest = gaps.indexOf(Math.min(...gaps));
      sums[nearest]! += value;
      counts[nearest]!++;
    }
    for (const [l, centre] of centres.entries()) expect(centre).toBeCloseTo(sums[l]! / counts[l]!, 12);
  });

  it('leaves a centre that no point is nearest to where it is', () => {
    // Both centres start on the same place, and the first of equals takes all points.
    expect([...atOnce(kMeans(Float64Array.of(4, 4), 1, 2, scripted([], [0, 1, 0])))]).toEqual([4, 4]);
  });

  it('does not go on for ever: it ends after a hundred rounds, though points still change their centre', () => {
    // The centres start on 0, 1, ..., 9 and creep apart: 112 rounds until nothing changes.
    const line = Float64Array.from({ length: 400 }, (_, i) => i);
    const leftmost: Rng = { ...createRng(0), uniform: () => 0, integer: () => 0 };
    let rounds = 0;
    atOnce(
      kMeans(line, 1, 10, leftmost, () => {
        rounds++;
      }),
    );
    expect(rounds).toBe(100);
  });
});

/** The points that were taken for the first centres. */
function kMeansStart(x: Float64Array, count: number, rng: Rng): number[] {
  const drawn: number[] = [];
  const subarray = x.subarray.bind(x);
  x.subarray = (from?: number, to?: number) => {
    drawn.push(x[from!]!);
    return subarray(from, to);
  };
  atOnce(kMeans(x, 1, count, rng));
  return drawn;
}

describe('log1p', () => {
  it.each(['cpu', 'wasm'] as const)(
    'is log(1 + x) to float32 accuracy for x from 1e-30 to 1e30, on %s',
    async (backend) => {
      const numbers = Array.from({ length: 121 }, (_, i) => Math.fround(10 ** ((i - 60) / 2)));
      const got = await onBackend(backend, () =>
        Array.from(tf.tidy(() => log1p(tf.tensor1d([0, ...numbers])).dataSync())),
      );
      expect(got[0]).toBe(0);
      for (const [i, x] of numbers.entries()) expect(Math.abs(got[i + 1]! / Math.log1p(x) - 1)).toBeLessThan(5e-7);
    },
  );
});

describe('sharpLogitRange', () => {
  const extremes = (classes: number, range: number) => [
    1 / (1 + (classes - 1) * Math.exp(-range)) - 1 / classes,
    1 / classes - 1 / (1 + (classes - 1) * Math.exp(range)),
  ];

  it('is where the first probability reaches 1/K +- epsilon', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.double({ min: 1e-4, max: 0.9, noNaN: true }),
        (classes, epsilon) => {
          const range = sharpLogitRange(classes, epsilon);
          if (epsilon >= 1 - 1 / classes) expect(range).toBe(Number.POSITIVE_INFINITY);
          else expect(Math.max(...extremes(classes, range))).toBeCloseTo(epsilon, 9);
        },
      ),
    );
  });

  it('refuses fewer than two classes and an epsilon that is not positive', async () => {
    const where = { code: 'INVALID_OPTION', fn: 'sharpLogitRange' } as const;
    for (const classes of [1, 2.5])
      await expectRefusal(() => sharpLogitRange(classes, 0.1), { ...where, argument: 'classes' });
    for (const epsilon of [0, -1, Number.NaN])
      await expectRefusal(() => sharpLogitRange(2, epsilon), { ...where, argument: 'epsilon' });
  });
});

test('heNormal draws kernels from N(0, 2 / fan-in), each layer from its own name, and leaves biases and scales alone', () => {
  const make = (names: readonly string[]) =>
    sequential({
      layers: [
        layers.conv2d({
          inputShape: [8, 8, 4],
          filters: 32,
          kernelSize: 3,
          useBias: true,
          biasInitializer: 'ones',
          name: names[0]!,
        }),
        layers.batchNormalization({ name: `${names[0]}-norm` }),
        layers.flatten(),
        layers.dense({ units: 20, useBias: false, name: names[1]! }),
      ],
    });
  const before = tf.memory().numTensors;
  const [one, two] = [make(['a', 'b']), make(['c', 'b'])];
  const built = tf.memory().numTensors;
  heNormal(one, 1);
  heNormal(two, 1);
  expect(tf.memory().numTensors).toBe(built);
  const weights = (model: typeof one, layer: number) =>
    model.layers[layer]!.getWeights().map((w) => Array.from(w.dataSync()));
  const deviation = (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  // Fan-in: 3 x 3 x 4 = 36 and 6 x 6 x 32 = 1152.
  expect(deviation(weights(one, 0)[0]!) / Math.sqrt(2 / 36)).toBeGreaterThan(0.94);
  expect(deviation(weights(one, 0)[0]!) / Math.sqrt(2 / 36)).toBeLessThan(1.06);
  expect(deviation(weights(one, 3)[0]!) / Math.sqrt(2 / 1152)).toBeCloseTo(1, 1);
  expect(weights(one, 0)[1]!.every((bias) => bias === 1)).toBe(true);
  expect(weights(one, 1)[0]!.every((scale) => scale === 1)).toBe(true);
  expect(weights(one, 3)).toEqual(weights(two, 3));
  expect(weights(one, 0)).not.toEqual(weights(two, 0));
  one.dispose();
  two.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
