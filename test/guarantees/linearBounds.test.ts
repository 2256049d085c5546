import { describe, expect, it } from 'vitest';
import { atOnce } from '../../src/core/pausing';
import { differenceBounds } from '../../src/guarantees/bounds/confidenceOverBox';
import { float32Errors } from '../../src/guarantees/bounds/float32Errors';
import { formBounds } from '../../src/guarantees/bounds/formBounds';
import { ballIn, centred, linfBox, magnitudes } from '../../src/guarantees/bounds/interval';
import { allIntervals } from '../../src/guarantees/bounds/intervalBounds';
import { linearBounds, tighteningWork } from '../../src/guarantees/bounds/linearBounds';
import { kinkExtremes, relaxationOf } from '../../src/guarantees/bounds/relaxation';
import { FLUSHED } from '../../src/guarantees/growth/roundoff';
import { type KinkNode, type MaxNode, type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';
import { denseMap } from '../../src/regions/maps/denseMap';
import type { SwitchNode } from '../../src/regions/types';
import { handMade } from '../support/regionModels';

const base = { layer: 'by hand', size: 3 };
const kink = (inputs: readonly number[], ...slopes: readonly number[]): KinkNode => ({
  ...base,
  kind: 'kink',
  inputs,
  thresholds: [0],
  pieces: 2,
  period: 1,
  slopes: Float64Array.from(slopes),
  intercepts: new Float64Array(2),
});
const max: MaxNode = {
  ...base,
  kind: 'max',
  size: 1,
  inputs: [3],
  starts: Int32Array.of(0, 3),
  members: Int32Array.of(0, 1, 2),
};

/** The entries of twice the rectified input on which `last` decides, by the work that it would be to tighten them. */
function opened(rectifier: KinkNode, last: SwitchNode, lower: readonly number[], upper: readonly number[]): number {
  const net: PiecewiseAffine = {
    inputShape: [3],
    inputSize: 3,
    classes: last.size,
    nodes: [
      // Read by nobody, so that there is something to multiply, and sums of zeros stay exact.
      { ...base, kind: 'affine', inputs: [0], map: denseMap(new Float64Array(9), 3, 3), offset: undefined },
      rectifier,
      { ...base, kind: 'sum', inputs: [2, 2] },
      last,
    ],
    output: 4,
  };
  const box = { lower: Float64Array.from(lower), upper: Float64Array.from(upper) };
  const { passes, bytes } = atOnce(tighteningWork(net, box));
  // Two forms for each of 32 entries, as long as all values together.
  expect(bytes).toBe(2 * 32 * 8 * (12 + last.size));
  // Two forms each, carried through the whole network.
  return passes / 2;
}

describe('the entries whose bounds are tightened', () => {
  const positive = kink([0], 0, 1);
  const negative = kink([0], 1, 0);

  it('are those that reach over a threshold, and not only up to it', () => {
    const split = kink([3], 0, 1);
    expect(opened(positive, split, [-1, -1, -1], [1, 2, -0.5])).toBe(0);
    expect(opened(negative, split, [-1, -1, 0.5], [1, 2, 1])).toBe(0);
    expect(opened(kink([0], 1, 1), split, [-1, -1, 0], [1, 2, 1])).toBe(2);
  });

  it('are the members of a window that may be the largest, if there are several', () => {
    expect(opened(positive, max, [-1, -1, -1], [2, 0, -1])).toBe(0);
    expect(opened(positive, max, [-1, -1, -1], [2, 1, 0])).toBe(2);
    expect(opened(positive, max, [-1, 1, 0.8], [2, 3, 0.9])).toBe(2);
    expect(opened(positive, max, [1, 1, 1], [2, 2, 2])).toBe(3);
    const windows: MaxNode = { ...max, size: 2, starts: Int32Array.of(0, 1, 3) };
    expect(opened(positive, windows, [1, 1, 1], [2, 2, 2])).toBe(2);
  });

  it('are carried back through all layers before them, those of the first layer excepted, which intervals settle', () => {
    const kernelOf = (rows: number, columns: number) =>
      Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => ((i + j) % 2 === 0 ? 1 : -1)));
    const layer = (rows: number, columns: number) => ({
      kernel: kernelOf(rows, columns),
      bias: new Array<number>(columns).fill(0),
    });
    const model = handMade(layer(2, 3), layer(3, 4), layer(4, 2));
    const net = toPiecewiseAffine(model);
    model.dispose();
    const box = { lower: new Float64Array(2).fill(-1), upper: new Float64Array(2).fill(1) };
    // Four units are open behind two layers of 6 and 12 products; a third has 8.
    expect(atOnce(tighteningWork(net, box)).passes).toBeCloseTo((2 * 4 * (6 + 12)) / (6 + 12 + 8), 12);
  });

  it('cost nothing in a network that multiplies nothing', () => {
    const net: PiecewiseAffine = { inputShape: [3], inputSize: 3, classes: 3, nodes: [positive], output: 1 };
    const box = { lower: new Float64Array(3).fill(-1), upper: new Float64Array(3).fill(1) };
    expect(atOnce(tighteningWork(net, box)).passes).toBe(0);
  });

  it('are all tightened, however many they are', () => {
    // Units x + 2 are on, so that the factors 1 to 70 of their difference multiply zero.
    const factors = Array.from({ length: 70 }, (_, i) => i + 1);
    const kernel = [factors, factors.map((factor) => -factor)];
    const last = { kernel: factors.map(() => [1, -1]), bias: [0, 0] };
    const model = handMade({ kernel: [[1, 1]], bias: [2, 2] }, { kernel, bias: factors.map(() => 0) }, last);
    const box = { lower: Float64Array.of(-1), upper: Float64Array.of(1) };
    const net = toPiecewiseAffine(model);
    model.dispose();
    const [loose, tight] = [false, true].map((tighten) => atOnce(linearBounds(net, box, tighten)).bounds[3]!);
    for (const [i, factor] of factors.entries()) {
      expect(loose!.upper[i]).toBeCloseTo(2 * factor, 9);
      expect(tight!.upper[i]).toBeCloseTo(0, 9);
      expect(tight!.lower[i]).toBeCloseTo(0, 9);
    }
  });
});

it('differences of logits are bounded for more pairs than are carried together, with zeros on the diagonal', () => {
  // Logit k is k x, so that the difference of k and j is at most |k - j| over [-1, 1].
  const factors = Array.from({ length: 17 }, (_, k) => k);
  const model = handMade({ kernel: [factors], bias: factors.map(() => 0) });
  const net = toPiecewiseAffine(model);
  model.dispose();
  const box = { lower: Float64Array.of(-1), upper: Float64Array.of(1) };
  for (const lines of [false, true]) {
    const differences = atOnce(differenceBounds(net, atOnce(linearBounds(net, box, lines)), lines));
    for (const k of factors)
      for (const j of factors) {
        if (k === j) expect(differences[k * 17 + j]).toBe(0);
        else expect(differences[k * 17 + j]).toBeCloseTo(Math.abs(k - j), 9);
      }
  }
});

it('a form is not bounded where it holds an entry that may be infinite, and is where it does not', () => {
  // Units 1e308 x, which overflows over [-1e3, 1e3], x and -x.
  const map = denseMap(Float64Array.of(1e308, 1, -1), 1, 3);
  const nodes = [{ ...base, kind: 'affine' as const, inputs: [0], map, offset: undefined }, kink([1], 0, 1)];
  const net: PiecewiseAffine = { inputShape: [1], inputSize: 1, classes: 3, nodes, output: 2 };
  const box = { lower: Float64Array.of(-1e3), upper: Float64Array.of(1e3) };
  const known = atOnce(linearBounds(net, box, false));
  const bound = (...entries: number[]) =>
    atOnce(formBounds(net, known, [entries.map((entry) => ({ entry, factor: 1 }))], { on: 2 }))[0]!;
  expect(bound(1)).toBeCloseTo(1e3, 6);
  // Above x and -x lie (x + 1000) / 2 and (1000 - x) / 2.
  expect(bound(1, 2)).toBeCloseTo(1e3, 6);
  expect(bound(0)).toBe(Number.POSITIVE_INFINITY);
  expect(bound(0, 1)).toBe(Number.POSITIVE_INFINITY);
});

it('float32 may flush what is zero in exact arithmetic, in an addition and in a maximum', () => {
  const zero = { lower: new Float64Array(3), upper: new Float64Array(3) };
  const at = (node: PiecewiseAffine['nodes'][number]) => {
    const net: PiecewiseAffine = { inputShape: [3], inputSize: 3, classes: node.size, nodes: [node], output: 1 };
    return atOnce(float32Errors(net, allIntervals(net, zero)))[0]!;
  };
  expect(at({ ...base, kind: 'sum', inputs: [0, 0] })).toBeGreaterThan(FLUSHED);
  expect(at({ ...max, inputs: [0] })).toBeGreaterThanOrEqual(FLUSHED);
});

it('the line above a maximum is a member that all others stay below, also if they reach up to its lower end', () => {
  const bounds = (low: number) => ({ lower: Float64Array.of(low, 0, 0), upper: Float64Array.of(2, 1, 0.5) });
  const above = (low: number) => relaxationOf({ ...max, inputs: [0] }, bounds(low)).above;
  for (const low of [1, 1.5]) {
    expect([above(low).slopes[0], above(low).intercepts[0], above(low).entries[0]]).toEqual([1, 0, 0]);
  }
});

it('the line above a maximum is else the chord from the largest of the others to the highest end', () => {
  // The others reach up to 1, the member up to 2.
  for (const [low, slope] of [
    [-1, 1 / 3],
    [0, 1 / 2],
    [0.5, 2 / 3],
  ] as const) {
    const bounds = { lower: Float64Array.of(low, 0, 0), upper: Float64Array.of(2, 1, 0.5) };
    const { above } = relaxationOf({ ...max, inputs: [0] }, bounds);
    expect(above.slopes[0]).toBeCloseTo(slope, 14);
    expect(above.intercepts[0]).toBeCloseTo(2 - 2 * slope, 12);
  }
});

it('the line above a maximum is its highest end where an end is infinite, or a chord too long for float64', () => {
  for (const [low, high, others] of [
    [Number.NEGATIVE_INFINITY, 2, 1],
    [-1.7e308, 1.7e308, -1.6e308],
  ] as const) {
    const bounds = { lower: new Float64Array(3).fill(low), upper: Float64Array.of(others, high, others) };
    const { above } = relaxationOf({ ...max, inputs: [0] }, bounds);
    expect([above.slopes[0], above.intercepts[0], above.entries[0]]).toEqual([0, high, 1]);
  }
});

it('no finite line is known around a kink over an interval without ends', () => {
  const infinity = Number.POSITIVE_INFINITY;
  const bounds = { lower: new Float64Array(3).fill(-infinity), upper: new Float64Array(3).fill(infinity) };
  const { below, above } = relaxationOf(kink([0], 0.5, 1), bounds);
  expect([below.slopes[0], below.intercepts[0]]).toEqual([0, -infinity]);
  expect([above.slopes[0], above.intercepts[0]]).toEqual([0, infinity]);
});

describe('an interval', () => {
  const infinity = Number.POSITIVE_INFINITY;

  it('has a middle and a reach, and without a finite end the middle 0 and an infinite reach', () => {
    const { centre, radius } = centred({
      lower: Float64Array.of(-1, -infinity, -infinity, 2, Number.NaN),
      upper: Float64Array.of(3, infinity, 1, infinity, 1),
    });
    expect([...centre]).toEqual([1, 0, 0, 0, 0]);
    expect([...radius]).toEqual([2, infinity, infinity, infinity, infinity]);
  });

  it('is as large as the end that is farther from zero', () => {
    expect([...magnitudes({ lower: Float64Array.of(-3, 1, -2), upper: Float64Array.of(2, 2, -1) })]).toEqual([3, 2, 2]);
  });

  it('in a ball is as much larger as float32 moves all its entries at once', () => {
    const radiusIn = (norm: 'l1' | 'l2') => {
      const settings = { norm, bounds: undefined, arithmetic: 'float32' } as const;
      return ballIn({ fn: 'test', argument: 'x' }, Float64Array.of(1.5, -1.5), 0.5, settings).ball!.radius;
    };
    // Each entry by 2^-22 of what it is at the most, which is 2; float64 rounds outward.
    for (const [norm, moved] of [
      ['l1', 2 * 2 ** -21],
      ['l2', Math.SQRT2 * 2 ** -21],
    ] as const) {
      // biome-ignore format: a table
      expect(radiusIn(norm) - 0.5).toBeCloseTo(moved, 12);
      expect(radiusIn(norm)).toBeGreaterThan(0.5 + moved);
    }
  });
});

describe('bounds are rounded outward', () => {
  it('around a value that float32 does not hold even where it is not moved, and nowhere else', () => {
    const where = { fn: 'test', argument: 'x' };
    const held = Math.fround(0.1);
    const values = Float64Array.of(0.1, held);
    const { lower, upper } = linfBox(where, values, 0, undefined, 'float32');
    expect(lower[0]).toBeLessThan(Math.min(0.1, held));
    expect(upper[0]).toBeGreaterThan(Math.max(0.1, held));
    expect([lower[1], upper[1]]).toEqual([held, held]);
    const real = linfBox(where, values, 0, undefined, 'real');
    expect([...real.lower, ...real.upper]).toEqual([0.1, held, 0.1, held]);
  });

  it('where a slope multiplies, and not where it is 0, 1 or -1', () => {
    const { least, most } = kinkExtremes(kink([0], 0.3, 0.7), 0, -0.1, 0.1);
    expect(least).toBeLessThan(-0.1 * 0.3);
    expect(most).toBeGreaterThan(0.1 * 0.7);
    expect(kinkExtremes(kink([0], -1, 1), 0, -0.1, 0.3)).toEqual({ least: 0, most: 0.3 });
    expect(kinkExtremes(kink([0], 0, 1), 0, -0.1, 0.3)).toEqual({ least: 0, most: 0.3 });
  });
});
