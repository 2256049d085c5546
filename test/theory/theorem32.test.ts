import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { twoMoons } from '../../src/datasets';
import {
  checkTheorem32,
  evaluateRbf,
  type RbfNetwork,
  rbfConfidenceBound,
  rbfDistance,
  rbfNetwork,
  rbfRadius,
  sharpLogitRange,
} from '../../src/theory';
import { logOddsGradient } from '../../src/theory/rbf/checkTheorem32';
import { featuresAt } from '../../src/theory/rbf/evaluateRbf';
import { expectRefusal } from '../support/expectRefusal';
import { anyRbf } from './rbfArbitrary';

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** The largest distance of a probability from 1/K. */
function deviation(logits: readonly number[]): number {
  return Math.max(...softmax(logits).map((p) => Math.abs(p - 1 / logits.length)));
}

/** Logits of range D: one class at one end, all others at the other. */
function extremes(classes: number, range: number): number[][] {
  const others = Array<number>(classes - 1).fill(0);
  return [
    [range, ...others],
    [-range, ...others],
  ];
}

const classCounts = fc.integer({ min: 2, max: 30 });
const epsilons = fc.double({ min: 1e-6, max: 0.4, noNaN: true });

describe('sharpLogitRange', () => {
  it('is 2.02 times the constant of the paper for 2 classes and 1.12 times for 10, at epsilon 0.01', () => {
    const gain = (classes: number) => sharpLogitRange(classes, 0.01) / Math.log(1 + classes * 0.01);
    expect(gain(2)).toBeCloseTo(2.02, 2);
    expect(gain(10)).toBeCloseTo(1.117, 3);
  });

  it('is larger than the constant of the paper, for any number of classes and any epsilon', () => {
    fc.assert(
      fc.property(classCounts, epsilons, (classes, epsilon) => {
        expect(sharpLogitRange(classes, epsilon)).toBeGreaterThan(Math.log1p(classes * epsilon));
      }),
    );
  });

  it('is attained: logits of this range reach a deviation of epsilon, and none exceed it', () => {
    fc.assert(
      fc.property(classCounts, epsilons, (classes, epsilon) => {
        const range = sharpLogitRange(classes, epsilon);
        if (range === Number.POSITIVE_INFINITY) return;
        const worst = Math.max(...extremes(classes, range).map(deviation));
        expect(worst / epsilon).toBeCloseTo(1, 8);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 }),
        epsilons,
        (shares, epsilon) => {
          const range = Math.min(700, sharpLogitRange(shares.length, epsilon));
          expect(deviation(shares.map((share) => share * range))).toBeLessThanOrEqual(epsilon * (1 + 1e-9));
        },
      ),
    );
  });

  it('allows everything once epsilon reaches 1 - 1/K', () => {
    expect(sharpLogitRange(2, 0.5)).toBe(Number.POSITIVE_INFINITY);
    expect(sharpLogitRange(4, 0.75)).toBe(Number.POSITIVE_INFINITY);
    expect(sharpLogitRange(4, 0.7)).toBeLessThan(10);
  });

  it('refuses fewer than two classes and an epsilon that is not positive', async () => {
    const fn = 'sharpLogitRange';
    await expectRefusal(() => sharpLogitRange(1, 0.1), { code: 'INVALID_OPTION', fn, argument: 'classes' });
    await expectRefusal(() => sharpLogitRange(2, 0), { code: 'INVALID_OPTION', fn, argument: 'epsilon' });
  });
});

describe('rbfConfidenceBound', () => {
  it('holds at any point of any network, the paper bound outside the sharp one', () => {
    const points = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(anyRbf, points, (net, coordinates) => {
        const x = coordinates.slice(0, net.inputSize);
        const { upper, lower, paperUpper, paperLower } = rbfConfidenceBound(net, rbfDistance(net, x));
        const probabilities = softmax([...evaluateRbf(net, x)]);
        expect(Math.max(...probabilities)).toBeLessThanOrEqual(upper + 1e-12);
        expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(lower - 1e-12);
        expect(paperUpper).toBeGreaterThanOrEqual(upper - 1e-15);
        expect(paperLower).toBeLessThanOrEqual(lower + 1e-15);
      }),
      { numRuns: 500 },
    );
  });

  it('is attained by a single centre', () => {
    const net: RbfNetwork = {
      inputShape: [1],
      inputSize: 1,
      classes: 3,
      gamma: 2,
      centres: new Float64Array([0]),
      weights: new Float64Array([5, 1, 1]),
    };
    expect(Math.max(...softmax([...evaluateRbf(net, [0.7])]))).toBeCloseTo(rbfConfidenceBound(net, 0.7).upper, 14);
    expect(rbfConfidenceBound(net, 0.7).logitRange).toBeCloseTo(4 * Math.exp(-2 * 0.49), 14);
  });
});

describe('rbfRadius', () => {
  it('is where the bound leaves exactly epsilon, by the sharp constant and by that of the paper', () => {
    fc.assert(
      fc.property(anyRbf, fc.double({ min: 1e-4, max: 0.3, noNaN: true }), (net, epsilon) => {
        const sharp = rbfRadius(net, epsilon);
        const paper = rbfRadius(net, epsilon, { constant: 'paper' });
        expect(paper).toBeGreaterThanOrEqual(sharp);
        if (sharp > 0) {
          const { upper, lower } = rbfConfidenceBound(net, sharp);
          const left = Math.max(upper - 1 / net.classes, 1 / net.classes - lower);
          expect(left / epsilon).toBeCloseTo(1, 8);
        }
        if (paper > 0)
          expect(rbfConfidenceBound(net, paper).paperUpper).toBeCloseTo(Math.min(1, 1 / net.classes + epsilon), 10);
      }),
    );
  });

  it('follows the formula of Theorem 3.2 with the constant of the paper', () => {
    const net = rbfNetwork({ x: [0, 1], y: [0, 1], gamma: 3, weightDecay: 1e-3 });
    const [a, b, c, d] = net.weights;
    const alpha = Math.abs(a! - c!) + Math.abs(b! - d!);
    const expected = Math.sqrt(Math.log(alpha / Math.log(1 + 2 * 0.05)) / 3);
    expect(rbfRadius(net, 0.05, { constant: 'paper' })).toBeCloseTo(expected, 12);
  });

  it('is measured from data by the largest distance of a centre to its nearest point more', () => {
    const moons = twoMoons({ points: 60, seed: 1 });
    const net = rbfNetwork({ ...moons, centres: 5, iterations: 50 });
    const { x } = moons;
    const gaps = [0, 1, 2, 3, 4].map((l) => {
      const [u, v] = [net.centres[2 * l]!, net.centres[2 * l + 1]!];
      return Math.min(...Array.from(moons.y, (_, i) => Math.hypot(x[2 * i]! - u, x[2 * i + 1]! - v)));
    });
    expect(rbfRadius(net, 0.01, { data: x })).toBeCloseTo(rbfRadius(net, 0.01) + Math.max(...gaps), 12);
    expect(rbfRadius(rbfNetwork({ ...moons, iterations: 5 }), 0.01, { data: x })).toBeGreaterThan(0);
  });

  it('is zero for a network that is uniform anyway', () => {
    const flat = { ...rbfNetwork({ x: [0, 1], y: [0, 1] }), weights: new Float64Array(4).fill(7) };
    expect(rbfRadius(flat, 0.01)).toBe(0);
  });

  it('refuses options out of range and points of the wrong length', async () => {
    const fn = 'rbfRadius';
    const net = rbfNetwork({ ...twoMoons({ points: 10 }), iterations: 5 });
    await expectRefusal(() => rbfRadius(net, 0), { code: 'INVALID_OPTION', fn, argument: 'epsilon' });
    await expectRefusal(() => rbfRadius(net, 0.1, { data: [1, 2, 3] }), {
      code: 'INVALID_SHAPE',
      fn,
      argument: 'data',
    });
  });
});

describe('checkTheorem32', () => {
  it('tells of every start when it has come to its end, and can be stopped', async () => {
    const net = rbfNetwork({ x: [0, 1], y: [0, 1], gamma: 3 });
    const done: number[] = [];
    const onProgress = (progress: { done: number; total: number }) => done.push(progress.done, progress.total);
    checkTheorem32(net, { distance: 0.5, starts: 3, steps: 2, onProgress });
    expect(done).toEqual([1, 3, 2, 3, 3, 3]);
    await expectRefusal(() => checkTheorem32(net, { distance: 0.5, signal: AbortSignal.abort() }), {
      code: 'ABORTED',
      fn: 'checkTheorem32',
      argument: 'signal',
    });
  });

  it('finds no counterexample, also where it looks hardest', () => {
    fc.assert(
      fc.property(anyRbf, fc.double({ min: 0, max: 2, noNaN: true }), (net, distance) => {
        const { holds, confidence, bound, point } = checkTheorem32(net, { distance, starts: 4, steps: 15 });
        expect(holds).toBe(true);
        expect(confidence).toBeLessThanOrEqual(bound + 1e-12);
        if (confidence > 0) expect(rbfDistance(net, point)).toBeGreaterThanOrEqual(distance * (1 - 1e-12));
      }),
      { numRuns: 60 },
    );
  });

  it('comes close to the bound where the bound is sharp: all centres in one place', () => {
    const net: RbfNetwork = {
      inputShape: [2],
      inputSize: 2,
      classes: 2,
      gamma: 1,
      centres: new Float64Array([0, 0]),
      weights: new Float64Array([4, -4]),
    };
    const { confidence, bound } = checkTheorem32(net, { distance: 0.5, starts: 3, steps: 30 });
    expect(confidence / bound).toBeCloseTo(1, 9);
  });

  it('finds as much confidence as a fine grid over the allowed points', () => {
    const net = rbfNetwork({ ...twoMoons({ points: 80, seed: 1 }), centres: 10 });
    let best = 0;
    for (let u = -0.5; u <= 1.5; u += 0.01)
      for (let v = -0.5; v <= 1.5; v += 0.01)
        if (rbfDistance(net, [u, v]) >= 0.2) best = Math.max(best, ...softmax([...evaluateRbf(net, [u, v])]));
    const { confidence, bound } = checkTheorem32(net, { distance: 0.2, starts: 5, seed: 1 });
    expect(confidence).toBeGreaterThan(best - 1e-4);
    expect(confidence).toBeLessThan(bound);
    expect(best).toBeGreaterThan(0.9);
  });

  it('climbs along the gradient of the log-odds, by central differences', () => {
    fc.assert(
      fc.property(anyRbf, fc.nat(), (net, n) => {
        const k = n % net.classes;
        const x = Float64Array.from({ length: net.inputSize }, (_, i) => Math.sin(n + i));
        const logOdds = (at: Float64Array) => {
          const logits = [...evaluateRbf(net, at)];
          const others = logits.filter((_, j) => j !== k);
          const top = Math.max(...others);
          return logits[k]! - top - Math.log(others.reduce((sum, z) => sum + Math.exp(z - top), 0));
        };
        const gradient = logOddsGradient(net, x, featuresAt(net, x), evaluateRbf(net, x), k);
        for (let i = 0; i < net.inputSize; i++) {
          const moved = (by: number) => x.map((value, j) => (j === i ? value + by : value));
          const slope = (logOdds(moved(1e-5)) - logOdds(moved(-1e-5))) / 2e-5;
          expect(Math.abs(slope - gradient[i]!)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
        }
      }),
    );
  });

  it('refuses a negative distance', async () => {
    const net = rbfNetwork({ ...twoMoons({ points: 10 }), iterations: 5 });
    await expectRefusal(() => checkTheorem32(net, { distance: -1 }), {
      code: 'INVALID_OPTION',
      fn: 'checkTheorem32',
      argument: 'distance',
    });
  });
});
