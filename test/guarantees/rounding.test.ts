import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { certifiedMaxConfidence } from '../../src/guarantees';
import { differenceBounds } from '../../src/guarantees/bounds/confidenceOverBox';
import { float32Errors } from '../../src/guarantees/bounds/float32Errors';
import { allIntervals, nodeInterval } from '../../src/guarantees/bounds/intervalBounds';
import { linearBounds } from '../../src/guarantees/bounds/linearBounds';
import { relaxationOf } from '../../src/guarantees/bounds/relaxation';
import { evaluate, type KinkNode, type MaxNode, type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';
import { denseMap } from '../../src/regions/maps/denseMap';
import { onBackend } from '../support/onBackend';
import { normals } from '../support/regionModels';

/** A float64 as a whole multiple of 2^-SHIFT; exact for everything these tests draw. */
const SHIFT = 400;
function exact(value: number): bigint {
  if (value === 0) return 0n;
  const exponent = Math.floor(Math.log2(Math.abs(value))) - 54;
  const digits = value / 2 ** exponent;
  expect(Number.isInteger(digits)).toBe(true);
  return BigInt(digits) << BigInt(SHIFT + exponent);
}

/** The product of two such multiples, as a multiple of 2^-SHIFT squared. */
const product = (a: number, b: number) => exact(a) * exact(b);
const whole = (value: number) => exact(value) << BigInt(SHIFT);

/** Normal numbers of sizes from 1e-6 to 1e6. */
const number = fc
  .tuple(fc.double({ min: 0.1, max: 1, noNaN: true }), fc.integer({ min: -6, max: 6 }), fc.constantFrom(-1, 1))
  .map(([digits, power, sign]) => sign * digits * 10 ** power);
const runs = { numRuns: 400, seed: 5 };

/** A network of one dense layer, in float64. */
const linear = (weights: Float64Array, bias: Float64Array, inputs: number): PiecewiseAffine => ({
  inputShape: [inputs],
  inputSize: inputs,
  classes: bias.length,
  output: 1,
  nodes: [
    {
      layer: 'dense',
      inputs: [0],
      size: bias.length,
      kind: 'affine',
      map: denseMap(weights, inputs, bias.length),
      offset: bias,
    },
  ],
});

describe('outward rounding, against exact arithmetic', () => {
  it('puts the lines around a kink where no digit is missing', () => {
    fc.assert(
      fc.property(number, number, fc.tuple(number, number), number, (a, b, slopes, threshold) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        // Continuous at the threshold only if it is 0, or the slopes' difference times it is exact.
        const node: KinkNode = {
          layer: 'kink',
          inputs: [0],
          size: 1,
          kind: 'kink',
          thresholds: [0],
          pieces: 2,
          period: 1,
          slopes: Float64Array.from(slopes),
          intercepts: Float64Array.of(threshold, threshold),
        };
        const interval = { lower: Float64Array.of(low), upper: Float64Array.of(high) };
        const { below, above } = relaxationOf(node, interval);
        const range = nodeInterval(node, [interval]);
        const points = [low, high, ...(low < 0 && high > 0 ? [0] : [])];
        for (const z of points) {
          const value = product(z <= 0 ? slopes[0] : slopes[1], z) + whole(threshold);
          expect(product(below.slopes[0]!, z) + whole(below.intercepts[0]!) <= value).toBe(true);
          expect(product(above.slopes[0]!, z) + whole(above.intercepts[0]!) >= value).toBe(true);
          expect(whole(range.lower[0]!) <= value && value <= whole(range.upper[0]!)).toBe(true);
        }
      }),
      runs,
    );
  });

  it('puts the lines around a maximum where no digit is missing', () => {
    const interval = fc.tuple(number, number).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(interval, interval, interval, (...members) => {
        const node: MaxNode = {
          layer: 'max',
          inputs: [0],
          size: 1,
          kind: 'max',
          starts: Int32Array.of(0, 3),
          members: Int32Array.of(0, 1, 2),
        };
        const bounds = {
          lower: Float64Array.from(members, ([low]) => low),
          upper: Float64Array.from(members, ([, high]) => high),
        };
        const { below, above } = relaxationOf(node, bounds);
        for (let corner = 0; corner < 8; corner++) {
          const z = members.map((ends, i) => ends[(corner >> i) & 1]!);
          const most = whole(Math.max(...z));
          expect(product(below.slopes[0]!, z[below.entries[0]!]!) + whole(below.intercepts[0]!) <= most).toBe(true);
          expect(product(above.slopes[0]!, z[above.entries[0]!]!) + whole(above.intercepts[0]!) >= most).toBe(true);
        }
        // The member whose middle is highest lies below, the one that reaches highest above, or a constant.
        const middles = members.map(([low, high]) => low + high);
        expect(middles[below.entries[0]!]).toBe(Math.max(...middles));
        expect(members[above.entries[0]!]![1]).toBe(Math.max(...members.map(([, high]) => high)));
      }),
      runs,
    );
  });

  it('bounds sums, differences of logits and forms carried back with all that float64 loses', () => {
    const drawn = (size: number) =>
      fc.array(number, { minLength: size, maxLength: size }).map((values) => Float64Array.from(values));
    fc.assert(
      fc.property(drawn(12), drawn(3), drawn(4), (weights, bias, x) => {
        const net = linear(weights, bias, 4);
        const box = { lower: x, upper: x };
        const { lower, upper } = allIntervals(net, box)[1]!;
        const logits = Array.from(bias, (b, k) =>
          Array.from(x, (v, j) => product(weights[j * 3 + k]!, v)).reduce((sum, term) => sum + term, whole(b)),
        );
        for (const [k, logit] of logits.entries())
          expect(whole(lower[k]!) <= logit && logit <= whole(upper[k]!)).toBe(true);
        for (const lines of [true, false]) {
          const differences = atOnce(differenceBounds(net, atOnce(linearBounds(net, box, lines)), lines));
          for (let k = 0; k < 3; k++)
            for (let j = 0; j < 3; j++)
              if (j !== k) expect(whole(differences[k * 3 + j]!) >= logits[k]! - logits[j]!).toBe(true);
        }
      }),
      runs,
    );
  });

  it('bounds a sum of values with all that float64 loses', () => {
    const values = fc.array(number, { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(values, (terms) => {
        const inputs = terms.map((value) => ({ lower: Float64Array.of(value), upper: Float64Array.of(value) }));
        const { lower, upper } = nodeInterval(
          { layer: 'add', inputs: terms.map((_, i) => i), size: 1, kind: 'sum' },
          inputs,
        );
        const sum = terms.reduce((total, value) => total + whole(value), 0n);
        expect(whole(lower[0]!) <= sum && sum <= whole(upper[0]!)).toBe(true);
      }),
      runs,
    );
  });
});

describe('float32Errors', () => {
  it('counts what cancels in a batch normalisation, which float32 does not get back', async () => {
    const model = sequential({
      layers: [layers.batchNormalization({ inputShape: [2], epsilon: 1e-9 }), layers.dense({ units: 2 })],
    });
    const rows = [[1, 1], [12345.678, -12345.678], [12345.678, -12345.678], [1, 1]]; // biome-ignore format: a matrix
    model.layers[0]!.setWeights(rows.map((values) => tf.tensor1d(values)));
    model.layers[1]!.setWeights([tf.tensor2d([[1, 0], [0, 1]]), tf.zeros([2])]); // biome-ignore format: a matrix
    const net = toPiecewiseAffine(model);
    const x = Float64Array.of(0.1234567, 0.7654321).map(Math.fround);
    const errors = atOnce(float32Errors(net, allIntervals(net, { lower: x, upper: x })));
    const logits = await onBackend('wasm', async () => {
      const image = tf.tensor2d([[...x]]);
      const result = classifier(model).logits(image);
      const values = await result.data();
      tf.dispose([image, result]);
      return values;
    });
    for (const [k, value] of evaluate(net, x).entries()) {
      expect(Math.abs(logits[k]! - value)).toBeGreaterThan(1e-4);
      expect(Math.abs(logits[k]! - value)).toBeLessThanOrEqual(errors[k]!);
    }
    model.dispose();
  });

  it('puts the line above a maximum through the ends of the member that reaches highest', () => {
    const node: MaxNode = {
      layer: 'max',
      inputs: [0],
      size: 1,
      kind: 'max',
      starts: Int32Array.of(0, 2),
      members: Int32Array.of(0, 1),
    };
    const { above } = relaxationOf(node, { lower: Float64Array.of(-0.25, 0), upper: Float64Array.of(2, 0.5) });
    expect(above.entries[0]).toBe(0);
    expect(above.slopes[0]).toBeCloseTo(1.5 / 2.25, 12);
    expect(above.slopes[0]! * -0.25 + above.intercepts[0]!).toBeCloseTo(0.5, 12);
    expect(above.slopes[0]! * 2 + above.intercepts[0]!).toBeCloseTo(2, 12);
  });

  it('passes the largest error of its members through a maximum, and the sum of all through an addition', () => {
    const [rng, inputs] = [createRng(1), 3];
    const map = denseMap(normals(9, rng), inputs, inputs);
    const affine = { layer: 'dense', inputs: [0], size: 3, kind: 'affine' as const, map, offset: undefined };
    const largest: MaxNode = {
      layer: 'max',
      inputs: [1],
      size: 1,
      kind: 'max',
      starts: Int32Array.of(0, 3),
      members: Int32Array.of(0, 1, 2),
    };
    const sum = { layer: 'add', inputs: [1, 1], size: 3, kind: 'sum' as const };
    const at = (nodes: PiecewiseAffine['nodes']) => {
      const net = { inputShape: [3], inputSize: 3, classes: 3, nodes, output: nodes.length };
      const x = Float64Array.of(0.3, -0.7, 0.9);
      return atOnce(float32Errors(net, allIntervals(net, { lower: x, upper: x })));
    };
    const one = at([affine]);
    expect(at([affine, largest])[0]).toBeGreaterThanOrEqual(Math.max(...one));
    expect(at([affine, largest])[0]).toBeLessThan(Math.max(...one) * 1.001);
    for (const [i, error] of at([affine, sum]).entries()) expect(error).toBeGreaterThan(2 * one[i]!);
  });

  /** A dense layer of the given rows of weights on the input, and the errors of nodes on it at one point. */
  const dense = (rows: number[][]) => ({
    layer: 'dense',
    inputs: [0],
    size: rows[0]!.length,
    kind: 'affine' as const,
    map: denseMap(Float64Array.from(rows.flat()), rows.length, rows[0]!.length),
    offset: undefined,
  });
  const errorsAt = (nodes: PiecewiseAffine['nodes'], point: number[]) => {
    const size = point.length;
    const net = { inputShape: [size], inputSize: size, classes: nodes.at(-1)!.size, nodes, output: nodes.length };
    const x = Float64Array.from(point);
    return atOnce(float32Errors(net, allIntervals(net, { lower: x, upper: x })));
  };
  const twice = { layer: 'add', inputs: [1, 1], size: 1, kind: 'sum' as const };

  it('of a sum of products is its rounding, what its terms may lose as too small, and nothing else', () => {
    // 24 roundings beside the two products.
    const unit = (26 * 2 ** -24) / (1 - 26 * 2 ** -24);
    // Each input may lose as much, and so may the result, two products and their sum.
    const flushed = (weights: number, largest: number) => 2 ** -125 * (weights + 1 + 2 * (largest + 2) + 3);
    expect(errorsAt([dense([[1e6], [-1e6]])], [1, 1])[0]! / (unit * 2e6)).toBeCloseTo(1, 7);
    expect(errorsAt([dense([[1e6], [-1e6]])], [0, 0])[0]! / flushed(2e6, 0)).toBeCloseTo(1, 7);
    expect(errorsAt([dense([[1e-6], [-1e-6]])], [2 ** -110, 2 ** -110])[0]! / flushed(2e-6, 2 ** -110)).toBeCloseTo(
      1,
      4,
    );
  });

  it('of an addition is that of its terms and the rounding of what these may be, with their errors', () => {
    const terms = dense([[1e6], [-1e6]]);
    const [one] = errorsAt([terms], [1, 1]);
    const unit = 4 * 6 * 2 ** -24;
    // The terms are 0 in exact arithmetic: all that is rounded is their error.
    expect(errorsAt([terms, twice], [1, 1])[0]! / one!).toBeCloseTo(2 + 2 * unit, 8);
    expect(errorsAt([dense([[1]]), twice], [0.4 * 2 ** 120])[0]).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(errorsAt([dense([[1]]), twice], [0.6 * 2 ** 120])[0]).toBe(Number.POSITIVE_INFINITY);
  });

  /** The error behind a kink on what a dense layer of one weight, 0.7, makes of x, and the error before it. */
  const behind = (kink: Pick<KinkNode, 'thresholds' | 'slopes' | 'intercepts'>, x: number) => {
    const map = denseMap(Float64Array.of(Math.fround(0.7)), 1, 1);
    const affine = { layer: 'dense', inputs: [0], size: 1, kind: 'affine' as const, map, offset: undefined };
    const node: KinkNode = {
      layer: 'kink',
      inputs: [1],
      size: 1,
      kind: 'kink',
      period: 1,
      pieces: kink.slopes.length,
      ...kink,
    };
    const at = (nodes: PiecewiseAffine['nodes']) => {
      const net = { inputShape: [1], inputSize: 1, classes: 1, nodes, output: nodes.length };
      const point = Float64Array.of(x);
      return atOnce(float32Errors(net, allIntervals(net, { lower: point, upper: point })))[0]!;
    };
    return { before: at([affine]), after: at([affine, node]) };
  };
  const slopesOf = (...slopes: number[]) => ({ slopes: Float64Array.from(slopes) });
  const flat = { intercepts: new Float64Array(2) };

  it('adds nothing behind a ReLU that is on, and has nothing left behind one that is off', () => {
    const relu = { thresholds: [0], ...slopesOf(0, 1), ...flat };
    const on = behind(relu, 3);
    expect(on.before).toBeGreaterThan(1e-8);
    expect(on.after).toBeGreaterThanOrEqual(on.before);
    expect(on.after).toBeLessThan(on.before * (1 + 1e-6));
    expect(behind(relu, -3).after).toBe(0);
  });

  it('multiplies what was lost by the slope that is met, and adds the rounding of the product', () => {
    const leaky = { thresholds: [0], ...slopesOf(0.3, 1), ...flat };
    const { before, after } = behind(leaky, -3);
    // One product of size 0.63, and a slope that float32 rounds, each to half a unit in the last place.
    expect(after).toBeGreaterThanOrEqual(0.3 * before + 2 ** -23 * 0.63);
    expect(after).toBeLessThan(0.3 * before + 2 ** -19 * 0.63);
    expect(behind(leaky, 3).after).toBeLessThan(before * (1 + 1e-6));
  });

  it('counts that a constant piece may be no float32, and not what was lost before it', () => {
    const capped = { thresholds: [0, 0.1], ...slopesOf(0, 1, 0), intercepts: Float64Array.of(0, 0, 0.1) };
    const { before, after } = behind(capped, 3);
    expect(after).toBeGreaterThanOrEqual(Math.abs(Math.fround(0.1) - 0.1));
    expect(after).toBeLessThan(2 ** -19 * 0.1);
    expect(after).toBeLessThan(before);
    expect(behind(capped, -3).after).toBeLessThan(1e-30);
  });

  it('is infinite behind a piece whose result float32 may not hold', () => {
    const steep = { thresholds: [0], ...slopesOf(0, 2 ** 119), ...flat };
    expect(behind(steep, 0.5).after).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(behind(steep, 50).after).toBe(Number.POSITIVE_INFINITY);
    expect(behind(steep, -50).after).toBeLessThan(1e-30);
  });
});

/** Three ReLUs. */
const relu: KinkNode = {
  layer: 'kink',
  inputs: [0],
  size: 3,
  kind: 'kink',
  thresholds: [0],
  period: 1,
  pieces: 2,
  slopes: Float64Array.of(0, 1),
  intercepts: new Float64Array(2),
};

describe('bounds that need no rounding', () => {
  it('are those of a ReLU, to the last digit', () => {
    const bounds = { lower: Float64Array.of(-1, 0.1, -0.7), upper: Float64Array.of(0.3, 0.3, -0.1) };
    const { lower, upper } = nodeInterval(relu, [bounds]);
    expect([...lower].map(Math.abs)).toEqual([0, 0.1, 0]);
    expect([...upper].map(Math.abs)).toEqual([0.3, 0.3, 0]);
  });

  it('are the lines around a ReLU that is decided', () => {
    const bounds = { lower: Float64Array.of(0.1, -0.7, 0), upper: Float64Array.of(0.3, -0.1, 0.5) };
    const { below, above } = relaxationOf(relu, bounds);
    for (const { slopes, intercepts } of [below, above]) {
      expect([...slopes]).toEqual([1, 0, 1]);
      expect([...intercepts].map(Math.abs)).toEqual([0, 0, 0]);
    }
  });
});

it('below an open ReLU lies z or 0, whichever is nearer to it in the middle, and above it its chord', () => {
  const bounds = { lower: Float64Array.of(-0.3, -0.2, -0.4), upper: Float64Array.of(0.2, 0.3, 0.1) };
  const { below, above } = relaxationOf(relu, bounds);
  expect([...below.slopes]).toEqual([0, 1, 0]);
  expect([...below.intercepts].map(Math.abs)).toEqual([0, 0, 0]);
  for (const [i, slope] of [0.4, 0.6, 0.2].entries()) {
    expect(above.slopes[i]).toBeCloseTo(slope, 12);
    expect(above.intercepts[i]).toBeCloseTo(-slope * bounds.lower[i]!, 12);
  }
  expect([...above.entries, ...below.entries]).toEqual([0, 1, 2, 0, 1, 2]);
});

it('of the lines with the slope of a piece those are taken that are nearest in the middle, for any kink', () => {
  const finite = fc.double({ min: -3, max: 3, noNaN: true });
  const kink = (slopes: readonly number[]): KinkNode => ({
    ...relu,
    size: 1,
    thresholds: [-1, 1],
    pieces: 3,
    slopes: Float64Array.from(slopes),
    // Continuous, and 0 at 0.
    intercepts: Float64Array.of(slopes[0]! - slopes[1]!, 0, slopes[1]! - slopes[2]!),
  });
  fc.assert(
    fc.property(fc.tuple(finite, finite, finite), finite, finite, (slopes, a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      fc.pre(high - low > 1e-3);
      const middle = (low + high) / 2;
      const values = (t: number) =>
        t < -1 ? slopes[0] * t + slopes[0] - slopes[1] : t > 1 ? slopes[2] * t + slopes[1] - slopes[2] : slopes[1] * t;
      const ends = [low, -1, 1, high].filter((t) => t >= low && t <= high);
      const { below, above } = relaxationOf(kink(slopes), {
        lower: Float64Array.of(low),
        upper: Float64Array.of(high),
      });
      const at = ({ slopes: [slope], intercepts: [intercept] }: typeof below, t: number) => slope! * t + intercept!;
      for (const t of ends) {
        expect(at(below, t)).toBeLessThanOrEqual(values(t) + 1e-12);
        expect(at(above, t)).toBeGreaterThanOrEqual(values(t) - 1e-12);
      }
      // The pieces that meet the interval in more than an end, each shifted until it touches.
      const met = slopes.filter((_, p) => Math.min(high, [-1, 1, high][p]!) > Math.max(low, [low, -1, 1][p]!));
      for (const slope of met) {
        const beside = ends.map((t) => values(t) - slope * t);
        expect(at(below, middle)).toBeGreaterThanOrEqual(slope * middle + Math.min(...beside) - 1e-12);
        expect(at(above, middle)).toBeLessThanOrEqual(slope * middle + Math.max(...beside) + 1e-12);
      }
    }),
    runs,
  );
});

describe('the box of valid inputs', () => {
  const net = linear(Float64Array.of(1, -1), new Float64Array(2), 1);
  const at = (x: number, bounds: [number, number]) => () => certifiedMaxConfidence(net, [[x]], 0, { bounds });

  it('reaches to where float32 may have put its ends, and no farther', () => {
    for (const end of [0.1, 0.7, 1e-3]) {
      const [below, above] = [end * (1 - 2 ** -25), end * (1 + 2 ** -25)].map(Math.fround) as [number, number];
      for (const x of [below, above]) {
        expect(at(x, [end, 2])).not.toThrow();
        expect(at(x, [-2, end])).not.toThrow();
      }
      expect(at(end * (1 - 2 ** -21), [end, 2])).toThrow('within the bounds');
      expect(at(end * (1 + 2 ** -21), [-2, end])).toThrow('within the bounds');
    }
    // Ends that are float32 numbers stay where they are.
    expect(at(0.5 - 2 ** -40, [0.5, 2])).toThrow('within the bounds');
    expect(at(0.5 + 2 ** -40, [-2, 0.5])).toThrow('within the bounds');
    // Next to zero float32 has no relative precision left: 4e-46 is 0 there.
    expect(at(0, [4e-46, 1])).not.toThrow();
    expect(at(0, [-1, -4e-46])).not.toThrow();
  });
});
