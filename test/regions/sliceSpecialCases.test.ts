import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { mlp } from '../../src/models/index';
import {
  clipRegion,
  countRegions,
  decisionBoundary,
  evaluate,
  inputPlane,
  type PiecewiseAffine,
  planeThrough,
  pointOnPlane,
  type Region2d,
  sliceRegions,
  toPiecewiseAffine,
} from '../../src/regions/index';
import { expectRefusal } from '../support/expectRefusal';
import { build, gap, handMade, normals, randomWeights } from '../support/regionModels';
import { areaIn, logitsOf, patternAt, unmatchedEdges } from '../support/tiling';

type Row = readonly [number, number, number];
type Layer = { readonly kernel: readonly (readonly number[])[]; readonly bias: readonly number[] };

/** A network with one hidden layer, whose units vanish on the lines `a x + b y + c = 0`. */
function lines(...rows: readonly Row[]): PiecewiseAffine {
  const kernel = [0, 1].map((i) => rows.map((row) => row[i]!));
  const weights = rows.map((_, u) => [1 + u, -2, 0.5 * u]);
  return read({ kernel, bias: rows.map(([, , c]) => c) }, { kernel: weights, bias: [0, 1, 2] });
}

/** A network given by hand. */
function read(...weights: readonly Layer[]): PiecewiseAffine {
  const model = handMade(...weights);
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

function planar(hidden: readonly number[], seed: number, classes = 3): PiecewiseAffine {
  const model = randomWeights(mlp({ inputShape: [2], hidden, classes }), seed);
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

/** Distinct corners of all regions. */
function cornersOf(regions: readonly Region2d[]): Set<string> {
  const all = regions.flatMap(({ vertices }) =>
    Array.from({ length: vertices.length / 2 }, (_, i) => `${vertices[2 * i]} ${vertices[2 * i + 1]}`),
  );
  return new Set(all);
}

/** The largest softmax probability. */
function confidence(logits: Float64Array): number {
  const most = Math.max(...logits);
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
}

describe('sliceRegions in special positions', () => {
  test('finds strips between parallel lines, infinite both ways', () => {
    const regions = sliceRegions(lines([1, 2, 0], [1, 2, -3], [2, 4, 5]), inputPlane);
    expect(regions).toHaveLength(4);
    const strips = regions.filter(({ rays }) => rays.length === 4);
    expect(strips).toHaveLength(2);
    for (const { rays } of strips) {
      expect(Math.abs(rays[0]! + 2 * rays[1]!)).toBeLessThan(1e-15);
      expect([rays[2], rays[3]]).toEqual([-rays[0]!, -rays[1]!]);
    }
    expect(areaIn(regions, { x: [-7, 9], y: [-3, 4] })).toBeCloseTo(16 * 7, 11);
    expect(unmatchedEdges(regions)).toEqual([]);
  });

  test('cuts a strip across', () => {
    const regions = sliceRegions(lines([0, 1, 0], [0, 1, -1], [1, 1, 0.3]), inputPlane);
    expect(regions).toHaveLength(6);
    expect(areaIn(regions, { x: [-2, 1], y: [-2, 3] })).toBeCloseTo(15, 12);
    expect(unmatchedEdges(regions)).toEqual([]);
  });

  test('takes coincident lines for one', () => {
    expect(countRegions(lines([1, 3, -1], [3, 9, -3], [-0.5, -1.5, 0.5]), inputPlane)).toBe(2);
    expect(countRegions(lines([1, 3, -1], [-2, -6, 2], [1, -1, 0.2]), inputPlane)).toBe(4);
  });

  test('meets lines through one point in one corner', () => {
    const through = (angle: number): Row => [Math.fround(Math.cos(angle)), Math.fround(Math.sin(angle)), 0];
    const regions = sliceRegions(lines(...[0, 0.4, 0.9, 1.3, 2, 2.2, 3].map(through)), inputPlane);
    expect(regions).toHaveLength(14);
    expect(cornersOf(regions)).toEqual(new Set(['0 0']));
    const shifted = sliceRegions(lines([1, 0, -1], [0, 1, -2], [1, 1, -3], [1, -1, 1], [3, 1, -5]), inputPlane);
    expect(shifted).toHaveLength(10);
    expect(cornersOf(shifted).size).toBe(1);
    expect(unmatchedEdges(shifted)).toEqual([]);
  });

  test('gives one region without corners where nothing bends', () => {
    const flat = {
      kernel: [
        [0, 0, 0],
        [0, 0, 0],
      ],
      bias: [1, 2, 3],
    };
    for (const net of [read(flat), lines([0, 0, 1], [0, 0, -1], [0, 0, 0])]) {
      const regions = sliceRegions(net, inputPlane);
      expect(regions).toHaveLength(1);
      expect([regions[0]!.vertices.length, regions[0]!.rays.length]).toEqual([0, 8]);
      expect(gap(logitsOf(regions[0]!, [3, 4]), evaluate(net, [3, 4]))).toBe(0);
      expect(areaIn(regions, { x: [1, 3], y: [2, 5] })).toBe(6);
    }
    const zero = sliceRegions(read({ ...flat, bias: [0, 0, 0] }), inputPlane)[0]!;
    expect(zero.confidenceAtInfinity).toBeCloseTo(1 / 3, 15);
    expect([...zero.limits[0]!.classes].sort()).toEqual([0, 1, 2]);
    for (const { from, to, confidence } of zero.limits) {
      expect([...from, ...to].every(Number.isFinite)).toBe(true);
      expect(confidence).toBe(zero.limits[0]!.confidence);
    }
  });

  test('shares three and more winners of a pooling window round common corners', () => {
    const architecture = {
      image: [6, 6, 1] as const,
      steps: ['conv', 'max pooling, overlapping'],
      ending: 'global max',
    };
    const model = build({ ...architecture, hidden: [4], softmax: false, seed: 5 });
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(2);
    const image = () => normals(36, rng);
    const plane = planeThrough(image(), image(), image());
    const regions = sliceRegions(net, plane, { box: { x: [-0.5, 1], y: [-0.5, 1] } });
    expect(areaIn(regions, { x: [-0.5, 1], y: [-0.5, 1] })).toBeCloseTo(2.25, 9);
    expect(new Set(regions.map(({ inside }) => patternAt(net, plane, inside))).size).toBe(regions.length);
    for (const { inside, ...map } of regions)
      expect(gap(logitsOf({ inside, ...map }, inside), evaluate(net, pointOnPlane(plane, ...inside)))).toBeLessThan(
        1e-11,
      );
  });
});

describe('confidenceAtInfinity', () => {
  test.each([0, 1, 2, 3])(
    'is the confidence at 1e12 in every direction of an unbounded region (network %i)',
    (seed) => {
      const net = planar([6, 5], seed);
      let checked = 0;
      for (const { inside, limits, unbounded, confidenceAtInfinity } of sliceRegions(net, inputPlane)) {
        expect(limits.length > 0).toBe(unbounded);
        if (!unbounded) expect(confidenceAtInfinity).toBe(undefined);
        for (const limit of limits)
          for (const share of [0.25, 0.5, 0.75]) {
            const way = [0, 1].map((i) => (1 - share) * limit.from[i]! + share * limit.to[i]!);
            const logits = evaluate(
              net,
              way.map((w, i) => inside[i]! + 1e12 * w),
            );
            // In 1e12, rounding leaves four digits to the distance between tied logits.
            expect(Math.abs(confidence(logits) - limit.confidence)).toBeLessThan(1e-3);
            expect(limit.classes).toContain(logits.indexOf(Math.max(...logits)));
            expect(confidenceAtInfinity).toBeLessThanOrEqual(limit.confidence);
            checked++;
          }
      }
      expect(checked).toBeGreaterThan(30);
    },
  );

  test('is that of the tied classes where their logits grow alike', () => {
    // Logits relu(x), relu(x) + log(3), y: on the right, classes 0 and 1 keep their distance.
    const net = read(
      {
        kernel: [
          [1, 0, 0],
          [0, 1, -1],
        ],
        bias: [0, 0, 0],
      },
      {
        kernel: [
          [1, 1, 0],
          [0, 0, 1],
          [0, 0, -1],
        ],
        bias: [0, Math.log(3), 0],
      },
    );
    const right = sliceRegions(net, inputPlane).find(({ inside: [x, y] }) => x > 0 && y < 0)!;
    expect(right.limits).toHaveLength(1);
    expect(right.limits[0]!.classes).toEqual([1, 0]);
    expect(right.confidenceAtInfinity).toBeCloseTo(0.75, 7);
    const upper = sliceRegions(net, inputPlane).find(({ inside: [x, y] }) => x > 0 && y > 0)!;
    expect(upper.limits.map(({ classes }) => classes)).toEqual([[1, 0], [2]]);
    expect(upper.limits[0]!.to[0]).toBeCloseTo(Math.SQRT1_2, 12);
    expect(upper.limits[1]!.confidence).toBe(1);
  });

  test('where three classes meet in one direction, the range after it is that of the fastest, whatever their order', () => {
    // Logits 2 x, x + y and 2 y: in direction (1, 1) all are 2, and the second is nowhere the fastest.
    const slopes = [[2, 0], [1, 1], [0, 2]] as const; // biome-ignore format: three classes
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ]) {
      const rows = order.map((k) => slopes[k]!);
      const [plane, ...more] = sliceRegions(
        read({ kernel: [rows.map(([x]) => x), rows.map(([, y]) => y)], bias: [0, 0, 0] }),
        inputPlane,
      );
      expect(more).toEqual([]);
      for (const { from, to, classes, confidence } of plane!.limits) {
        // No range without a width.
        expect(Math.hypot(to[0] - from[0], to[1] - from[1])).toBeGreaterThan(0.1);
        // A little after its beginning, counter-clockwise.
        const [x, y] = [from[0] - 0.01 * from[1], from[1] + 0.01 * from[0]];
        const fastest = x > y ? 0 : 2;
        expect([classes.map((k) => order[k]), confidence]).toEqual([[fastest], 1]);
      }
      const turns = plane!.limits.map(({ to: [x, y] }) => Math.abs(x - y) < 1e-12);
      expect(turns.filter(Boolean)).toHaveLength(2);
    }
  });
});

describe('maxRegions', () => {
  test('ends the search with complete regions, and says whether any are left', () => {
    const net = planar([8, 8], 1);
    const all = sliceRegions(net, inputPlane);
    const some = sliceRegions(net, inputPlane, { maxRegions: 7 });
    expect([some.length, some.complete]).toEqual([7, false]);
    const patterns = (regions: readonly Region2d[]) => regions.map(({ inside }) => patternAt(net, inputPlane, inside));
    expect(patterns(all)).toEqual(expect.arrayContaining(patterns(some)));
    const exact = sliceRegions(net, inputPlane, { maxRegions: all.length });
    expect([exact.length, exact.complete]).toEqual([all.length, true]);
    expect(countRegions(net, inputPlane)).toBe(all.length);
    expect(countRegions(net, inputPlane, { maxRegions: 7 })).toBe(7);
  });
});

describe('decisionBoundary', () => {
  test('lists where the two largest logits are equal, also to infinity', () => {
    const net = planar([7, 6], 4);
    const regions = sliceRegions(net, inputPlane);
    const pieces = decisionBoundary(regions);
    expect(pieces.length).toBeGreaterThan(5);
    for (const { classes, from, to, direction } of pieces) {
      expect(to === undefined).not.toBe(direction === undefined);
      for (const share of [0.2, 0.7]) {
        const point = from.map((v, i) => (to ? v + share * (to[i]! - v) : v + 5 * share * direction![i]!));
        const logits = evaluate(net, point);
        const sorted = [...logits].sort((a, b) => b - a);
        expect(Math.abs(sorted[0]! - sorted[1]!)).toBeLessThan(1e-9 * (1 + Math.abs(sorted[0]!)));
        for (const k of classes)
          expect(Math.abs(logits[k]! - sorted[0]!)).toBeLessThan(1e-9 * (1 + Math.abs(sorted[0]!)));
      }
    }
    // Every change of class on a line across the plane is a crossing with one of the pieces.
    const top = (x: number) => {
      const logits = evaluate(net, [x, 0.3]);
      return logits.indexOf(Math.max(...logits));
    };
    const grid = Array.from({ length: 4001 }, (_, i) => -2 + i / 1000);
    const changes = grid.filter((x) => top(x) !== top(x + 1e-3)).length;
    const crossings = pieces.filter(({ from, to, direction }) => {
      const end = to ?? from.map((v, i) => v + 1e6 * direction![i]!);
      if (from[1] > 0.3 === end[1]! > 0.3) return false;
      const x = from[0] + ((0.3 - from[1]) / (end[1]! - from[1])) * (end[0]! - from[0]);
      return x > -2 && x < 2.001;
    });
    expect(crossings).toHaveLength(changes);
  });

  test('is two rays for a whole line', () => {
    const net = read({
      kernel: [
        [1, -1],
        [0, 0],
      ],
      bias: [-2, 2],
    });
    const pieces = decisionBoundary(sliceRegions(net, inputPlane));
    expect(pieces.map(({ from, to, direction }) => [from[0], to, Math.abs(direction![1])])).toEqual([
      [2, undefined, 1],
      [2, undefined, 1],
    ]);
  });
});

describe('what cannot be sliced', () => {
  const net = planar([3], 0);
  const axes = { origin: [0, 0], u: [1, 0], v: [0, 1] };
  test.each([
    ['plane', 'INVALID_ARGUMENT', 'input', {}],
    ['plane', 'INVALID_ARGUMENT', { ...axes, v: [-3, 0] }, {}],
    ['plane', 'INVALID_ARGUMENT', { ...axes, u: [0, 0] }, {}],
    ['plane.origin', 'INVALID_SHAPE', { ...axes, origin: [0, 0, 0] }, {}],
    ['plane.u', 'NON_FINITE', { ...axes, u: [Number.NaN, 0] }, {}],
    ['plane.v', 'INVALID_ARGUMENT', { origin: [0, 0], u: [1, 0] }, {}],
    ['box.x', 'INVALID_OPTION', axes, { box: { x: [1, 0], y: [0, 1] } }],
    ['box.y', 'INVALID_OPTION', axes, { box: { x: [0, 1], y: [0, Number.POSITIVE_INFINITY] } }],
    ['maxRegions', 'INVALID_OPTION', axes, { maxRegions: 0 }],
  ] as const)('is refused: %s, %s', async (argument, code, plane, options) => {
    const call = (slice: typeof sliceRegions | typeof countRegions) => () =>
      slice(net, plane as never, options as never);
    await expectRefusal(call(sliceRegions), { code, fn: 'sliceRegions', argument });
    await expectRefusal(call(countRegions), { code, fn: 'countRegions', argument });
  });

  test('three points on one line span no plane', async () => {
    const where = { fn: 'planeThrough', argument: 'c' };
    await expectRefusal(() => planeThrough([0, 0], [1, 1], [3, 3]), { ...where, code: 'INVALID_ARGUMENT' });
    await expectRefusal(() => planeThrough([0.1, 0.2], [0.1, 0.2], [3, 3]), { ...where, code: 'INVALID_ARGUMENT' });
    await expectRefusal(() => planeThrough([0, 0], [1, 1], [3, 3, 3]), { ...where, code: 'INVALID_SHAPE' });
  });

  test('a box without area is refused by clipRegion', async () => {
    const [region] = sliceRegions(net, inputPlane);
    const box = { x: [0, 0], y: [0, 1] } as const;
    await expectRefusal(() => clipRegion(region!, box), {
      code: 'INVALID_OPTION',
      fn: 'clipRegion',
      argument: 'box.x',
    });
  });
});
