import { readFileSync } from 'node:fs';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { softmax } from '../../src/core/softmax';
import { certifiedMaxConfidence } from '../../src/guarantees';
import { exactMaxConfidence } from '../../src/guarantees/sandwich/confidenceSandwich';
import { Dictionary } from '../../src/guarantees/search/dictionary';
import { Experience } from '../../src/guarantees/search/parts';
import { plainTableaux, type TableauMaker, withTableaux } from '../../src/guarantees/search/tableau';
import { evaluate, type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';
import { denseMap } from '../../src/regions/maps/denseMap';
import { expectRefusal } from '../support/expectRefusal';
import { randomWeights } from '../support/regionModels';
import { networks } from './wrapped';

/** Largest confidences of HiGHS and of SLSQP on every cell: see `fixtures/write.py`. All whole numbers are multiples of 2^-8. */
interface Case {
  readonly layers: readonly { readonly weights: number[][]; readonly bias: number[] }[];
  readonly cases: readonly { readonly x: number[]; readonly epsilon: number; readonly maximum: number }[];
}
const maxima: Record<'tiny' | 'digits', Case[]> = JSON.parse(
  readFileSync(new URL('./fixtures/maxima.json', import.meta.url), 'utf8'),
);

/** A network of dense layers with ReLUs, or with others that have the slope `below` for negative values. */
function denseNet(
  dense: readonly { readonly weights: readonly number[][]; readonly bias: readonly number[] }[],
  unit: number,
  below = 0,
): PiecewiseAffine {
  const nodes: PiecewiseAffine['nodes'][number][] = [];
  for (const [n, { weights, bias }] of dense.entries()) {
    const [inputs, size] = [weights[0]!.length, bias.length];
    const flat = Float64Array.from(
      { length: inputs * size },
      (_, i) => unit * weights[i % size]![Math.floor(i / size)]!,
    );
    const offset = Float64Array.from(bias, (value) => unit * value);
    const place = { layer: `dense ${n}`, inputs: [nodes.length], size };
    nodes.push({ ...place, kind: 'affine', map: denseMap(flat, inputs, size), offset });
    if (n === dense.length - 1) break;
    nodes.push({
      layer: `relu ${n}`,
      inputs: [nodes.length],
      size,
      kind: 'kink',
      thresholds: [0],
      pieces: 2,
      period: 1,
      slopes: Float64Array.of(below, 1),
      intercepts: new Float64Array(2),
    });
  }
  const size = dense[0]!.weights[0]!.length;
  return { inputShape: [size], inputSize: size, classes: nodes.at(-1)!.size, nodes, output: nodes.length };
}

function randomNet(sizes: readonly number[], seed: number | string, below = 0, scale = 1): PiecewiseAffine {
  const rng = createRng(seed);
  const dense = sizes.slice(1).map((size, n) => ({
    weights: Array.from({ length: size }, () => Array.from({ length: sizes[n]! }, () => rng.normal())),
    bias: Array.from({ length: size }, () => 0.5 * rng.normal()),
  }));
  return denseNet(dense, scale, below);
}

const confidence = (net: PiecewiseAffine, x: ArrayLike<number>) => Math.max(...softmax(evaluate(net, x)));
const ended = { seconds: 60, arithmetic: 'real' } as const;

describe('certifiedMaxConfidence with seconds', () => {
  it.each(['tiny', 'digits'] as const)(
    'is the maximum that others find for %s networks, and never below it',
    (kind) => {
      for (const { layers: dense, cases } of maxima[kind]) {
        const net = denseNet(dense, 2 ** -8);
        for (const { x, epsilon, maximum } of cases) {
          const image = x.map((value) => value / 256);
          const found = certifiedMaxConfidence(net, [image], epsilon, ended);
          // What HiGHS calls feasible may be so up to 1e-6.
          expect(found[0]!).toBeGreaterThan(maximum - 1e-5);
          expect(found[0]!).toBeLessThan(maximum + 2e-5);
          expect(found.exact).toEqual([true]);
          expect(found[0]! - found.reached[0]!).toBeLessThan(1.1e-6);
          if (epsilon < 0.2) {
            const counted = certifiedMaxConfidence(net, [image], epsilon, { seconds: 60 });
            expect(counted.exact).toEqual([true]);
            expect(counted[0]! - maximum).toBeLessThan(1e-3);
          }
          expect(found.reached[0]!).toBe(confidence(net, found.points[0]!));
          for (const [i, value] of found.points[0]!.entries()) {
            expect(Math.abs(value - image[i]!)).toBeLessThanOrEqual(epsilon + 1e-15);
            expect(value === Math.min(1, Math.max(0, value))).toBe(true);
          }
        }
      }
    },
  );

  it('is the maximum over the regions of the plane for any number of classes, and for leaky units', () => {
    for (const [seed, sizes] of [
      [2, 9, 2],
      [2, 8, 5, 3],
      [2, 6, 6, 4],
      [2, 7, 10],
    ].entries())
      for (const below of [0, 0.2, -0.3]) {
        const net = randomNet(sizes, `plane ${seed}`, below);
        const box = { lower: new Float64Array([0.1, 0.3]), upper: new Float64Array([0.7, 0.9]) };
        const exact = atOnce(exactMaxConfidence(net, box));
        const found = certifiedMaxConfidence(net, [[0.4, 0.6]], 0.3, ended);
        expect(found[0]!).toBeGreaterThan(exact - 1e-9);
        expect(found[0]!).toBeLessThan(exact + 3e-6);
      }
  });

  it('is above every point, however early it stops, and at most the bound of CROWN', () => {
    const shapes = [
      [5, 12, 3],
      [8, 10, 10, 2],
      [6, 8, 8, 8, 4],
    ];
    fc.assert(
      fc.property(fc.nat(1e6), fc.constantFrom(...shapes), fc.constantFrom(1e-9, 0.01, 0.1), (seed, sizes, seconds) => {
        const net = randomNet(sizes, seed);
        const rng = createRng(`points ${seed}`);
        const x = Array.from({ length: net.inputSize }, () => rng.uniform());
        const epsilon = 0.05 + 0.3 * rng.uniform();
        const [crown] = certifiedMaxConfidence(net, [x], epsilon);
        const found = certifiedMaxConfidence(net, [x], epsilon, { seconds });
        expect(found[0]!).toBeLessThanOrEqual(crown! + 1e-9);
        let top = found.reached[0]!;
        for (let n = 0; n < 200; n++) {
          const z = x.map((value) => {
            const moved =
              n % 2 ? value + epsilon * (2 * rng.uniform() - 1) : value + epsilon * (2 * rng.integer(2) - 1);
            return Math.min(1, Math.max(0, moved));
          });
          top = Math.max(top, confidence(net, z));
        }
        expect(top).toBeLessThanOrEqual(found[0]!);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it('finds the same again, bounds a point by its confidence, and counts what float32 adds', () => {
    const net = randomNet([6, 10, 8, 3], 7);
    const x = [0.1, 0.9, 0.4, 0.3, 0.2, 0.6];
    const [first, second] = [0, 1].map(() => certifiedMaxConfidence(net, [x], 0.2, ended));
    expect([first![0], first!.reached[0], first!.nodes[0]]).toEqual([second![0], second!.reached[0], second!.nodes[0]]);
    expect(first!.points).toEqual(second!.points);
    expect(certifiedMaxConfidence(net, [x], 0, ended)[0]).toBeCloseTo(confidence(net, x), 9);
    const counted = certifiedMaxConfidence(net, [x], 0.2, { seconds: 60 });
    expect(counted.exact).toEqual([true]);
    expect(counted[0]!).toBeGreaterThan(first![0]!);
    expect(counted[0]! - first![0]!).toBeLessThan(1e-4);
  });

  it('stops when its time is up, and when onProgress fires the signal', async () => {
    const net = randomNet([40, 60, 60, 10], 5, 0, 0.15);
    const x = Array.from({ length: 40 }, () => 0.5);
    let calls = 0;
    const found = certifiedMaxConfidence(net, [x], 0.5, { seconds: 0.5, onProgress: () => calls++ });
    expect(found.exact).toEqual([false]);
    expect(found.seconds[0]!).toBeLessThan(5);
    // No oftener than every 200 ms, and at the end.
    expect(calls).toBeLessThanOrEqual(found.seconds[0]! / 0.2 + 1);
    const stop = new AbortController();
    const began = performance.now();
    let told = Number.NaN;
    const onProgress = () => {
      told = performance.now() - began;
      stop.abort();
    };
    const options = { seconds: 60, onProgress, signal: stop.signal };
    await expectRefusal(() => certifiedMaxConfidence(net, [x], 0.5, options), {
      code: 'ABORTED',
      fn: 'certifiedMaxConfidence',
      argument: 'signal',
    });
    // Long before the minute is over.
    expect(told).toBeLessThan(30_000);
  });

  it('searches convolutions and batch normalisations, and refuses what it cannot search by name', async () => {
    const model = randomWeights(
      sequential({
        layers: [
          layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 2, strides: 2 }),
          layers.batchNormalization(),
          layers.leakyReLU({ alpha: 0.1 }),
          layers.flatten(),
          layers.dense({ units: 5, activation: 'relu' }),
          layers.dense({ units: 3 }),
        ],
      }),
      3,
    );
    const net = toPiecewiseAffine(model);
    const x = Array.from({ length: 16 }, (_, i) => i / 16);
    const found = certifiedMaxConfidence(net, [x], 0.1, ended);
    expect(found.exact).toEqual([true]);
    expect(found[0]!).toBeLessThanOrEqual(certifiedMaxConfidence(net, [x], 0.1, { arithmetic: 'real' })[0]! + 1e-9);
    model.dispose();

    const pooled = networks.convolutional!(1);
    const wrong = { fn: 'certifiedMaxConfidence', argument: 'seconds' };
    const { inputSize } = toPiecewiseAffine(pooled);
    const y = [new Float64Array(inputSize)];
    await expectRefusal(() => certifiedMaxConfidence(toPiecewiseAffine(pooled), y, 0.1, { seconds: 1 }), {
      ...wrong,
      code: 'UNSUPPORTED_MODEL',
    });
    for (const options of [{ seconds: 0 }, { seconds: 1, norm: 'l2' }, { seconds: 1, method: 'interval' }] as const)
      await expectRefusal(() => certifiedMaxConfidence(net, [x], 0.1, options), { ...wrong, code: 'INVALID_OPTION' });
    pooled.dispose();
  });
});

describe('Dictionary', () => {
  it('finds the maximum of a program by hand, and proves that there is none', () => {
    // Maximise x + y with x + 2 y <= 4 and 3 x + y <= 6, x and y in [0, 5]: 2.8 at (1.6, 1.2).
    const program = new Dictionary(2, 3, plainTableaux.make(2, 3));
    for (let n = 0; n < 2; n++) program.addVariable(0, 5);
    program.addRow({ factors: Float64Array.of(-1, -2), constant: 4 }, 0, 100);
    program.addRow({ factors: Float64Array.of(-3, -1), constant: 6 }, 0, 100);
    program.setObjective({ factors: Float64Array.of(1, 1), constant: 0 });
    expect(program.descend(Number.NEGATIVE_INFINITY, 50)).toBe('optimal');
    expect(program.objective).toBeCloseTo(2.8, 12);
    expect([...program.point().subarray(0, 2)].map((v) => v.toFixed(9))).toEqual(['1.600000000', '1.200000000']);
    program.addRow({ factors: Float64Array.of(1, 1), constant: -3 }, 0, 100);
    expect(program.descend(Number.NEGATIVE_INFINITY, 50)).toBe('infeasible');
  });
});

describe('Experience', () => {
  it('expects what relaxations give away, in the scale of what bounds fell by, and more and more what the unit itself has brought', () => {
    const experience = new Experience(3);
    const choice = (unit: number, gap = 2) => ({ unit, gap });
    expect(experience.expect(choice(0))).toBe(2);
    // The geometric mean of both sides is 6 for a gap of 2: three times as much.
    experience.note(choice(0), 4, 9);
    expect(experience.expect(choice(1))).toBeCloseTo(6, 12);
    expect(experience.expect(choice(1, 1))).toBeCloseTo(3, 12);
    for (let n = 0; n < 100; n++) experience.note(choice(2), 1, 1);
    const scale = (6 + 100) / (2 * 101);
    expect(experience.expect(choice(1))).toBeCloseTo(2 * scale, 12);
    expect(experience.expect(choice(2, 10))).toBeCloseTo((100 * 1 + 4 * 10 * scale) / 104, 12);
  });

  it('keeps a unit of which one side brought nothing above one of which both did', () => {
    const experience = new Experience(2);
    experience.note({ unit: 0, gap: 1 }, 5, 0);
    experience.note({ unit: 1, gap: 1 }, 0, 0);
    expect(experience.expect({ unit: 0, gap: 1 })).toBeGreaterThan(experience.expect({ unit: 1, gap: 1 }));
  });
});

describe('withTableaux', () => {
  /** What a tableau of random numbers holds after rows have been added to random others, with a sum of squares for each of the last. */
  function worked(tableaux: TableauMaker, width: number, height: number, seed: number) {
    const rng = createRng(seed);
    const tableau = tableaux.make(width, height);
    for (const array of [tableau.entries, tableau.vector]) array.fill(0);
    const row = (i: number) => tableau.entries.subarray(i * tableau.width, i * tableau.width + width);
    for (let i = 0; i < height; i++) for (let j = 0; j < width; j++) row(i)[j] = rng.normal();
    // The memory grows and moves.
    tableaux.make(40, 300);
    let count = 0;
    for (let source = 0; source < height; source++) {
      count = 0;
      for (let i = 0; i < height; i++) {
        if (i === source || rng.uniform() < 0.3) continue;
        tableau.factors[count] = rng.normal();
        tableau.rows[count++] = i;
      }
      tableau.addRow(source, count);
    }
    const sums = (length: number) => Array.from({ length }, (_, n) => tableau.sums[2 * n]! + tableau.sums[2 * n + 1]!);
    const squares = sums(count);
    const vector = Float64Array.from({ length: width }, () => rng.normal());
    tableau.vector.set(vector);
    tableau.multiply(height);
    const rows = Array.from({ length: height }, (_, i) => [...row(i)]);
    return { rows, squares, changed: [...tableau.rows.slice(0, count)], vector, products: sums(height) };
  }

  it('adds rows by vectors as plain loops do, to the last bit, whatever the sizes, sums squares and multiplies with a vector', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(1e6),
        (width, height, seed) => {
          const plain = worked(plainTableaux, width, height, seed);
          const vectors = atOnce(
            // biome-ignore lint/correctness/useYield: nothing here takes long.
            withTableaux(function* (tableaux) {
              expect(tableaux).not.toBe(plainTableaux);
              return worked(tableaux, width, height, seed);
            }),
          );
          expect(vectors.rows).toEqual(plain.rows);
          for (const [n, i] of plain.changed.entries()) {
            const sum = plain.rows[i]!.reduce((total, entry) => total + entry * entry, 0);
            for (const { squares } of [plain, vectors]) expect(squares[n]! / sum).toBeCloseTo(1, 12);
          }
          for (const [i, row] of plain.rows.entries()) {
            const terms = row.map((entry, j) => entry * plain.vector[j]!);
            const [product, size] = [terms.reduce((a, b) => a + b), terms.reduce((a, b) => a + Math.abs(b), 1)];
            for (const { products } of [plain, vectors])
              expect(Math.abs(products[i]! - product) / size).toBeLessThan(1e-14);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('gives to each of two works that take turns its own', () => {
    const work = (number: number) =>
      withTableaux(function* (tableaux) {
        const { entries } = tableaux.make(10, 10);
        entries.fill(number);
        yield undefined;
        return entries.every((entry) => entry === number);
      });
    for (let round = 0; round < 3; round++) {
      const [one, other] = [work(1), work(2)];
      for (const each of [one, other]) expect(each.next()).toEqual({ done: false, value: undefined });
      for (const each of [one, other]) expect(each.next()).toEqual({ done: true, value: true });
    }
  });
});
