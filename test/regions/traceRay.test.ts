import { layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { mlp, resnetSmall } from '../../src/models/index';
import {
  evaluate,
  type PiecewiseAffine,
  type RayPiece,
  rayPieces,
  toPiecewiseAffine,
  traceRay,
} from '../../src/regions/index';
import { expectRefusal } from '../support/expectRefusal';
import { along, architectures, build, gap, handMade, normals, oneOfEach, randomWeights } from '../support/regionModels';

/** The logits that a piece gives at t. */
function at({ slope, intercept }: RayPiece, t: number): Float64Array {
  return slope.map((s, k) => s * t + intercept[k]!);
}

/** Pieces follow each other without gaps, agree where they meet, and give what evaluation gives, far away too. */
function expectExact(net: PiecewiseAffine, origin: Float64Array, direction: Float64Array, pieces: readonly RayPiece[]) {
  for (const [p, piece] of pieces.entries()) {
    expect(piece.to).toBeGreaterThan(piece.from);
    const next = pieces[p + 1];
    if (next !== undefined) {
      expect(next.from).toBe(piece.to);
      expect(gap(at(piece, piece.to), at(next, piece.to))).toBeLessThan(1e-11);
    }
    const far = piece.to === Number.POSITIVE_INFINITY;
    const times = far ? [piece.from + 1, 1e3 * (1 + piece.from), 1e12] : [0.01, 0.5, 0.99];
    for (const s of times) {
      const t = far ? s : piece.from + s * (piece.to - piece.from);
      expect(gap(at(piece, t), evaluate(net, along(origin, direction, t)))).toBeLessThan(1e-11);
    }
  }
}

const relu = toPiecewiseAffine(sequential({ layers: [layers.reLU({ inputShape: [2] })] }));

describe('traceRay', () => {
  test('splits the segment from (-1, 3) to (3, -1) under ReLU at 1/4 and 3/4', () => {
    const pieces = traceRay(relu, [-1, 3], [4, -4], { to: 1 });
    expect(pieces.map(({ from, to }) => [from, to])).toEqual([
      [0, 0.25],
      [0.25, 0.75],
      [0.75, 1],
    ]);
    expect(pieces.map(({ slope }) => [...slope])).toEqual([
      [0, -4],
      [4, -4],
      [4, 0],
    ]);
    expect(pieces.map(({ intercept }) => [...intercept])).toEqual([
      [0, 3],
      [-1, 3],
      [-1, 0],
    ]);
  });

  test('ends in one piece to infinity', () => {
    const [first, last] = traceRay(relu, [-1, 3], [1, 0]);
    expect(first).toMatchObject({ from: 0, to: 1 });
    expect(last).toMatchObject({ from: 1, to: Number.POSITIVE_INFINITY });
    expect([...last!.slope]).toEqual([1, 0]);
  });

  test.each(oneOfEach)('agrees with evaluation on every piece: %s', (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(3);
    const [origin, direction] = [normals(net.inputSize, rng), normals(net.inputSize, rng)];
    const pieces = traceRay(net, origin, direction, { from: -2 });
    expectExact(net, origin, direction, pieces.slice(0, 12));
    expectExact(net, origin, direction, pieces.slice(-3));
    expect(pieces[0]!.from).toBe(-2);
    expect(pieces.at(-1)!.to).toBe(Number.POSITIVE_INFINITY);
  });

  test('agrees with evaluation for any architecture, from any point in any direction', () => {
    fc.assert(
      fc.property(architectures, fc.integer(), (architecture, seed) => {
        const model = build(architecture);
        const net = toPiecewiseAffine(model);
        model.dispose();
        const rng = createRng(seed);
        const [origin, direction] = [normals(net.inputSize, rng), normals(net.inputSize, rng)];
        expectExact(net, origin, direction, traceRay(net, origin, direction));
      }),
      { numRuns: 40, seed: 2 },
    );
  });

  test('agrees with evaluation along the beginning of a ray through the residual network of the paper', () => {
    const model = randomWeights(resnetSmall({ inputShape: [8, 8, 1], classes: 3 }), 7);
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(3);
    const [origin, direction] = [normals(64, rng), normals(64, rng)];
    const pieces = traceRay(net, origin, direction, { to: 0.004 });
    expect(pieces.length).toBeGreaterThan(5);
    expectExact(net, origin, direction, pieces);
  });

  test('finds every kink of a single hidden layer, where a formula gives them', () => {
    const rng = createRng(5);
    const [kernel, bias, out] = [normals(60, rng), normals(60, rng), normals(60, rng)].map((v) => v.map(Math.fround));
    const net = toPiecewiseAffine(
      handMade({ kernel: [[...kernel!]], bias: [...bias!] }, { kernel: [...out!].map((v) => [v]), bias: [0] }),
    );
    const kinks = [...kernel!]
      .map((w, i) => -bias![i]! / w)
      .filter((t) => t > 0)
      .sort((a, b) => a - b);
    const found = traceRay(net, [0], [1])
      .slice(1)
      .map(({ from }) => from);
    expect(found).toHaveLength(kinks.length);
    expect(gap(found, kinks)).toBeLessThan(1e-14);
  });

  test('takes kinks that coincide for one', () => {
    const net = toPiecewiseAffine(
      handMade(
        { kernel: [[1, 2, -3, 1]], bias: [-0.125, -0.25, 0.375, 1] },
        { kernel: [[1], [1], [1], [1]], bias: [0] },
      ),
    );
    const pieces = traceRay(net, [0], [1]);
    expect(pieces).toHaveLength(2);
    expect(pieces[0]!.to).toBe(0.125);
    expect(pieces.map(({ slope }) => slope[0])).toEqual([-2, 4]);
  });

  test('takes kinks for one that coincide but for rounding', () => {
    // 0.1 t - 1 and 0.3 t - 3, the latter from 3 times 0.1, which is a little more than 0.3.
    const net = toPiecewiseAffine(
      handMade({ kernel: [[1, 3, -3]], bias: [-1, -3, 3] }, { kernel: [[1], [1], [1]], bias: [0] }),
    );
    expect(1 / 0.1).not.toBe(3 / (3 * 0.1));
    expect(traceRay(net, [0], [0.1])).toHaveLength(2);
  });

  test('tells kinks apart that differ by more than rounding: (N - 1) / N and (N - 2) / (N - 1), 1e-12 away', () => {
    const N = 2 ** 20;
    const net = toPiecewiseAffine(
      handMade({ kernel: [[N, N - 1]], bias: [1 - N, 2 - N] }, { kernel: [[1], [1]], bias: [0] }),
    );
    const pieces = traceRay(net, [0], [1]);
    expect(pieces.map(({ from }) => from)).toEqual([0, (N - 2) / (N - 1), (N - 1) / N]);
    expect(pieces.map(({ slope }) => slope[0])).toEqual([0, N - 1, 2 * N - 1]);
  });

  test('lets a member of a window win whose slope is larger by 1e-9', () => {
    const net = toPiecewiseAffine(
      sequential({ layers: [layers.maxPooling2d({ poolSize: [1, 2], inputShape: [1, 2, 1] }), layers.flatten()] }),
    );
    const pieces = traceRay(net, [2 ** -29, 0], [1, 1 + 2 ** -30]);
    expect(pieces.map(({ from }) => from)).toEqual([0, 2]);
    expect(pieces.map(({ slope }) => slope[0])).toEqual([1, 1 + 2 ** -30]);
  });

  test('lets no member of a window win whose slope is larger by rounding only: 0.1 + 0.2, not 0.3', () => {
    const net = toPiecewiseAffine(
      sequential({ layers: [layers.maxPooling2d({ poolSize: [1, 2], inputShape: [1, 2, 1] }), layers.flatten()] }),
    );
    expect(0.1 + 0.2).toBeGreaterThan(0.3);
    expect(traceRay(net, [1, 0], [0.3, 0.1 + 0.2])).toHaveLength(1);
    expect(traceRay(net, [1, 0], [-(0.1 + 0.2), -0.3])).toHaveLength(1);
    // Of slopes near zero the smaller one counts, too: these differ by more than rounding.
    expect(traceRay(net, [1, 0], [-(2 ** -60), 2 ** -60])).toHaveLength(2);
  });

  test('makes no piece without a bend on a constant image, where many members of windows stay equal', () => {
    const steps = ['conv', 'max pooling, overlapping', 'conv', 'max pooling', 'conv', 'max pooling'];
    for (const seed of [1, 6, 9]) {
      const model = build({ image: [8, 8, 1], steps, ending: 'flatten', hidden: [6], softmax: false, seed });
      const net = toPiecewiseAffine(model);
      const pieces = traceRay(net, new Float64Array(64), new Float64Array(64).fill(1), { from: -3 });
      expect(pieces.length).toBeGreaterThan(50);
      const bends = pieces.slice(1).map(({ slope }, p) => gap(slope, pieces[p]!.slope));
      expect(Math.min(...bends)).toBeGreaterThan(1e-9);
    }
  });

  test('makes no piece of a kink that no logit sees', () => {
    const unseen = handMade({ kernel: [[1, 1]], bias: [-1, 1] }, { kernel: [[0], [1]], bias: [0] });
    expect(traceRay(toPiecewiseAffine(unseen), [0], [1])).toHaveLength(1);
    // The largest of the window hides the bend of the other member.
    const hidden = sequential({
      layers: [layers.reLU({ inputShape: [1, 2, 1] }), layers.maxPooling2d({ poolSize: [1, 2] }), layers.flatten()],
    });
    expect(traceRay(toPiecewiseAffine(hidden), [5, -1], [0, 1])).toHaveLength(2);
  });

  test('is one piece where the network is affine, and where no unit moves', () => {
    const linear = toPiecewiseAffine(handMade({ kernel: [[1, 2]], bias: [3, 4] }));
    expect(traceRay(linear, [1], [1])).toEqual([
      { from: 0, to: Number.POSITIVE_INFINITY, slope: new Float64Array([1, 2]), intercept: new Float64Array([4, 6]) },
    ]);
    const still = toPiecewiseAffine(handMade({ kernel: [[1], [-1]], bias: [1] }, { kernel: [[1]], bias: [0] }));
    expect(traceRay(still, [1, 1], [2, 2])).toHaveLength(1);
  });

  test('takes a unit that is exactly zero from what follows it, at the start and for ever', () => {
    const start = traceRay(relu, [0, 0], [1, -1]);
    expect(start).toHaveLength(1);
    expect([...start[0]!.slope]).toEqual([1, 0]);
    const onTheWay = traceRay(relu, [-1, 0], [1, 0], { from: 1 });
    expect(onTheWay).toHaveLength(1);
    expect([...onTheWay[0]!.slope]).toEqual([1, 0]);
    const tied = sequential({
      layers: [layers.maxPooling2d({ poolSize: [1, 2], inputShape: [1, 2, 1] }), layers.flatten()],
    });
    expect([...traceRay(toPiecewiseAffine(tied), [1, 1], [1, 2])[0]!.slope]).toEqual([2]);
  });

  test('follows a unit that is zero until another one bends', () => {
    // The second unit is relu(relu(t - 1)): zero, with slope zero, until t = 1.
    const net = handMade({ kernel: [[1]], bias: [-1] }, { kernel: [[1]], bias: [0] }, { kernel: [[1]], bias: [0] });
    const pieces = traceRay(toPiecewiseAffine(net), [0], [1]);
    expect(pieces.map(({ from, to, slope }) => [from, to, slope[0]])).toEqual([
      [0, 1, 0],
      [1, Number.POSITIVE_INFINITY, 1],
    ]);
  });

  test('follows thousands of pieces: the sawtooth that doubles its teeth with every layer', () => {
    // Telgarsky's tent map on [0, 1]: 2 relu(x) - 4 relu(x - 1/2), composed 12 times, has 2^12 pieces.
    const depth = 12;
    const tent = {
      kernel: [
        [2, 2],
        [-4, -4],
      ],
      bias: [0, -0.5],
    };
    const net = toPiecewiseAffine(
      handMade({ kernel: [[1, 1]], bias: [0, -0.5] }, ...Array.from({ length: depth - 1 }, () => tent), {
        kernel: [[2], [-4]],
        bias: [0],
      }),
    );
    const pieces = traceRay(net, [0], [1], { to: 1 });
    expect(pieces).toHaveLength(2 ** depth);
    for (const [p, { from, slope }] of pieces.entries()) {
      expect(from).toBe(p / 2 ** depth);
      expect(slope[0]).toBe(p % 2 === 0 ? 2 ** depth : -(2 ** depth));
    }
  });

  test('keeps the slope at infinity exact after many bends', () => {
    const net = toPiecewiseAffine(mlp({ inputShape: [4], hidden: [80, 80, 80], classes: 3, seed: 2 }));
    const rng = createRng(1);
    const [origin, direction] = [normals(4, rng), normals(4, rng)];
    const last = traceRay(net, origin, direction).at(-1)!;
    const fresh = traceRay(net, origin, direction, { from: last.from * 4 }).at(-1)!;
    expect(gap(last.slope, fresh.slope)).toBeLessThan(1e-15);
    expect(gap(at(last, 1e12), evaluate(net, along(origin, direction, 1e12)))).toBeLessThan(1e-13);
  });

  test('begins and ends where it is told', () => {
    const pieces = traceRay(relu, [-1, 3], [4, -4], { from: 0.5, to: 0.6 });
    expect(pieces).toHaveLength(1);
    expect(pieces[0]).toMatchObject({ from: 0.5, to: 0.6 });
  });

  test.each([
    ['a zero direction', [0, 0], [0, 0], {}, 'INVALID_ARGUMENT', 'direction'],
    ['a short origin', [0], [0, 1], {}, 'INVALID_SHAPE', 'origin'],
    ['NaN', [0, 0], [0, Number.NaN], {}, 'NON_FINITE', 'direction'],
    ['a start at infinity', [0, 0], [0, 1], { from: Number.NEGATIVE_INFINITY }, 'INVALID_OPTION', 'from'],
    ['an end before the start', [0, 0], [0, 1], { from: 2, to: 1 }, 'INVALID_OPTION', 'to'],
    ['no end at all', [0, 0], [0, 1], { to: Number.NaN }, 'INVALID_OPTION', 'to'],
  ] as const)('refuses %s', async (_, origin, direction, options, code, argument) => {
    await expectRefusal(() => traceRay(relu, origin, direction, options), { code, fn: 'traceRay', argument });
    await expectRefusal(() => rayPieces(relu, origin, direction, options), { code, fn: 'rayPieces', argument });
  });
});

describe('rayPieces', () => {
  test('gives the pieces of traceRay one by one', () => {
    expect([...rayPieces(relu, [-1, 3], [4, -4])]).toEqual(traceRay(relu, [-1, 3], [4, -4]));
    const first = rayPieces(relu, [-1, 3], [4, -4]).next();
    expect(first.value).toMatchObject({ from: 0, to: 0.25 });
  });
});
