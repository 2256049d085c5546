import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { mlp } from '../../src/models/index';
import { evaluate, inputPlane, sliceRegions, toPiecewiseAffine } from '../../src/regions';
import { asymptoticConfidence, checkTheorem31 } from '../../src/theory';
import { type DenseWeights, denseNet, randomPoint, scaled } from './nets';

/** Bits after the point of the numbers in {@link exactSlopes}; all weights are whole multiples of 2^-BITS. */
const BITS = 120;
const whole = (value: number) => {
  // Two factors, since 2^BITS times a large number would overflow on its way to an integer.
  const high = Math.trunc(value);
  return (BigInt(high) << BigInt(BITS)) + BigInt(Math.round((value - high) * 2 ** BITS));
};

/** Slopes and intercepts of the logits far out along x in whole numbers, without any rounding. */
function exactLimit(weights: readonly DenseWeights[], x: ArrayLike<number>) {
  let lines = Array.from(x, (value) => ({ slope: whole(value), intercept: 0n }));
  for (const [n, { kernel, bias }] of weights.entries()) {
    const shift = BigInt(BITS * (n + 1));
    const sums = bias.map((b, i) =>
      lines.reduce(
        (sum, { slope, intercept }, j) => {
          const weight = whole(Math.fround(kernel[j]![i]!));
          return { slope: sum.slope + weight * slope, intercept: sum.intercept + weight * intercept };
        },
        { slope: 0n, intercept: whole(Math.fround(b)) << shift },
      ),
    );
    const last = n === weights.length - 1;
    lines = sums.map((line) => {
      const active = last || line.slope > 0n || (line.slope === 0n && line.intercept > 0n);
      return active ? line : { slope: 0n, intercept: 0n };
    });
  }
  return lines;
}

describe('slopes are compared by their own rounding', () => {
  it('when those of one layer differ by more than 1e12', () => {
    const net = denseNet({ kernel: [[-1e13, 1, 0]], bias: [0, 0, 0] });
    expect(asymptoticConfidence(net, [1])).toMatchObject({ confidence: 1, classes: [1] });
    expect(checkTheorem31(net, [[1]])).toEqual({ holds: true, identicalRows: [], exceptions: [] });
    const hidden = denseNet(
      { kernel: [[1e13, 1, 1]], bias: [0, 0, 0] },
      {
        kernel: [
          [0, 0],
          [1, 0],
          [0, 0.5],
        ],
        bias: [0, 0],
      },
    );
    expect(asymptoticConfidence(hidden, [1])).toMatchObject({ confidence: 1, classes: [0] });
  });

  it('in networks of weights of any size, where the winner is that of exact arithmetic', () => {
    const rng = createRng(4);
    let [single, shared] = [0, 0];
    for (let trial = 0; trial < 300; trial++) {
      const sizes = [2, 4, 4, 3];
      const weights = sizes.slice(1).map((size, n) => ({
        kernel: Array.from({ length: sizes[n]! }, () =>
          Array.from({ length: size }, () =>
            rng.uniform() < 0.3 ? 0 : Math.fround(rng.normal() * 10 ** (26 * rng.uniform() - 13)),
          ),
        ),
        bias: Array.from({ length: size }, () => 0),
      }));
      const x = [1 + rng.integer(5), -rng.integer(5)];
      const exact = exactLimit(weights, x).map(({ slope }) => slope);
      const [most] = [...exact].sort((a, b) => (a < b ? 1 : -1)) as [bigint];
      const winners = [...exact.keys()].filter((k) => exact[k] === most);
      // A lead of less than 1e-12 of the larger one is no matter of float64.
      const close = exact.some(
        (slope, k) => !winners.includes(k) && (most - slope) * 10n ** 12n < (most > 0n ? most : -most),
      );
      if (close) continue;
      const { classes, confidence } = asymptoticConfidence(denseNet(...weights), x);
      expect([...classes].sort(), `trial ${trial}`).toEqual(winners);
      expect(confidence).toBeCloseTo(1 / winners.length, 12);
      if (winners.length === 1) single++;
      else shared++;
    }
    expect(single).toBeGreaterThan(150);
    expect(shared).toBeGreaterThan(10);
  });

  it('in a network of 30 layers, whose confidence goes to 1', () => {
    for (let seed = 0; seed < 5; seed++) {
      const model = mlp({ inputShape: [8], hidden: Array(30).fill(16), classes: 3, seed });
      const net = toPiecewiseAffine(model);
      model.dispose();
      const x = [1, -2, 3, 1, 0, 2, -1, 1];
      const far = evaluate(net, scaled(x, 1e12));
      const { classes, confidence, slope } = asymptoticConfidence(net, x);
      expect([classes.length, confidence]).toEqual([1, 1]);
      expect(classes[0]).toBe(far.indexOf(Math.max(...far)));
      for (const [k, value] of far.entries()) expect(slope[k]! / (value / 1e12)).toBeCloseTo(1, 9);
    }
  });

  it('which explains slopes that cancel up to rounding, even if there are no others', () => {
    // b (a x) - a (b x) is zero for real numbers; in float64 it seldom is.
    const rng = createRng(8);
    let noisy = 0;
    for (let trial = 0; trial < 100; trial++) {
      const [a, b] = [Math.fround(1 + rng.uniform()), Math.fround(1 + rng.uniform())];
      const net = denseNet(
        { kernel: [[a, b]], bias: [0, 0] },
        {
          kernel: [
            [b, 0],
            [-a, 0],
          ],
          bias: [0, Math.log(3)],
        },
      );
      const { confidence, classes, slope } = asymptoticConfidence(net, randomPoint(trial, 1).map(Math.abs));
      expect(classes).toEqual([1, 0]);
      expect(confidence).toBeCloseTo(0.75, 7);
      if (slope[0] !== 0) noisy++;
    }
    expect(noisy).toBeGreaterThan(10);
  });

  it('where rows of V differ in one small entry beside a large one', () => {
    const net = denseNet({
      kernel: [
        [1e13, 1e13],
        [1, 0],
      ],
      bias: [0, 0],
    });
    // On the first axis both grow alike, so that point is an exception; the rows are not identical.
    expect(
      checkTheorem31(net, [
        [1, 0],
        [1, 1e4],
        [0, 1],
      ]),
    ).toEqual({ holds: true, identicalRows: [], exceptions: [0] });
    const same = denseNet({
      kernel: [
        [1e13, 1e13],
        [1, 1],
      ],
      bias: [0, 0],
    });
    expect(checkTheorem31(same, [[1, 3]]).identicalRows).toEqual([{ sample: 0, classes: [0, 1] }]);
  });

  it('in the regions of a plane', () => {
    const net = denseNet({
      kernel: [
        [-1e14, 1, 0],
        [0, 0, 1],
      ],
      bias: [0, 0, 0],
    });
    const [region] = sliceRegions(net, inputPlane);
    expect([...region!.slope]).toEqual([-1e14, 0, 1, 0, 0, 1].map(Math.fround));
    const winners = new Set(region!.limits.map(({ classes }) => classes.join()));
    expect(winners).toEqual(new Set(['0', '1', '2']));
    expect(Math.min(...region!.limits.map(({ confidence }) => confidence))).toBe(1);
  });
});
