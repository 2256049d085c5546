import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { lenet, mlp } from '../../src/models/index';
import { affineMap, evaluate, type LinearRegion, linearRegion, toPiecewiseAffine } from '../../src/regions/index';
import { expectRefusal } from '../support/expectRefusal';
import { affineAt, along, gap, handMade, normals, oneOfEach } from '../support/regionModels';

/** n v for every half-space. */
function rates({ normals: rows, count }: LinearRegion, v: Float64Array): Float64Array {
  const d = v.length;
  return Float64Array.from({ length: count }, (_, h) => v.reduce((sum, value, j) => sum + value * rows[h * d + j]!, 0));
}

/** Where the ray x + t v leaves the region, and through which half-space. */
function exit(region: LinearRegion, x: Float64Array, v: Float64Array): { t: number; through: number } {
  const slacks = region.slacks(x);
  let [t, through] = [Number.POSITIVE_INFINITY, -1];
  for (const [h, rate] of rates(region, v).entries())
    if (rate < 0 && -slacks[h]! / rate < t) [t, through] = [-slacks[h]! / rate, h];
  return { t, through };
}

describe('linearRegion', () => {
  test.each(oneOfEach)('is where f(z) = V z + a, which fails across its facets: %s', (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(6);
    const x = normals(net.inputSize, rng);
    const region = linearRegion(net, x);
    const map = affineMap(net, x);
    let failures = 0;
    for (let i = 0; i < 12; i++) {
      const v = normals(net.inputSize, rng);
      const { t } = exit(region, x, v);
      if (t === Number.POSITIVE_INFINITY) continue;
      const [inside, outside] = [along(x, v, t * (1 - 1e-9)), along(x, v, t + 1e-4)];
      expect(region.contains(inside)).toBe(true);
      expect(gap(affineAt(map, inside), evaluate(net, inside))).toBeLessThan(1e-12);
      expect(region.contains(outside)).toBe(false);
      const fails = gap(affineAt(map, outside), evaluate(net, outside)) > 1e-12;
      if (fails) failures++;
      // Across a bend that a later maximum or an inactive unit hides, the function stays the same.
      else expect(gap(affineMap(net, along(x, v, t + 1e-9)).V, map.V)).toBeLessThan(1e-12);
    }
    expect(failures).toBeGreaterThan(0);
  });

  test.each(oneOfEach)('has normals and offsets that give the slacks, as a whole and by rows: %s', (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(7);
    const [x, z] = [normals(net.inputSize, rng), normals(net.inputSize, rng)];
    const region = linearRegion(net, x);
    expect(region.slacks(x).every((slack) => slack >= 0)).toBe(true);
    expect(region.normals).toHaveLength(region.count * net.inputSize);
    expect(
      gap(
        rates(region, z).map((rate, h) => rate + region.offsets[h]!),
        region.slacks(z),
      ),
    ).toBeLessThan(1e-12);
    expect(gap(region.normalRows(0, region.count), region.normals)).toBeLessThan(1e-13);
    const [begin, end] = [Math.floor(region.count / 3), Math.ceil((2 * region.count) / 3)];
    const rows = region.normals.subarray(begin * net.inputSize, end * net.inputSize);
    expect(gap(region.normalRows(begin, end), rows)).toBeLessThan(1e-13);
  });

  // relu(x - 1), relu(2 - y), then relu of their sum minus 4
  const byHand = toPiecewiseAffine(
    handMade(
      {
        kernel: [
          [1, 0],
          [0, -1],
        ],
        bias: [-1, 2],
      },
      { kernel: [[1], [1]], bias: [-4] },
      { kernel: [[1]], bias: [0] },
    ),
  );

  test('is what Section 2 of the paper says, written down by hand', () => {
    const region = linearRegion(byHand, [3, 0]);
    // sign(2) (x - 1) >= 0, sign(2) (2 - y) >= 0, sign(0) of the sum is inactive: -(x - 1 + 2 - y - 4) >= 0
    expect(region.count).toBe(3);
    expect([...region.normals]).toEqual([1, 0, 0, -1, -1, 1]);
    expect([...region.offsets]).toEqual([-1, 2, 3]);
    expect([...region.slacks([3, 0])]).toEqual([2, 2, 0]);
  });

  test('is closed, with a tolerance in units of the pre-activations', () => {
    const region = linearRegion(byHand, [3, 0.5]);
    expect(region.contains([1, 2])).toBe(true);
    expect(region.contains([1 - 1e-9, 1.5])).toBe(false);
    expect(region.contains([1 - 1e-9, 1.5], { tolerance: 1e-8 })).toBe(true);
  });

  test('has one half-space per unit, two between two kinks, and one per comparison of a pooling', () => {
    const counts = Object.fromEntries(
      oneOfEach.map(([name, make]) => {
        const net = toPiecewiseAffine(make());
        return [name, linearRegion(net, new Float64Array(net.inputSize).fill(0.01)).count];
      }),
    );
    expect(counts.relu).toBe(18 + 5);
    expect(counts.conv).toBe(27 + 5);
    // 2x2 windows on 3x3 pixels of two channels: 4, 2, 2 and 1 members.
    expect(counts['max pooling']).toBe(2 * (3 + 1 + 1) + 5);
    const capped = toPiecewiseAffine(oneOfEach.find(([name]) => name === 'relu with a maximum')![1]());
    expect(linearRegion(capped, new Float64Array(18).fill(0.3)).count).toBe(2 * 18 + 5);
    expect(linearRegion(capped, new Float64Array(18).fill(0.9)).count).toBe(18 + 5);
  });

  test('says where a half-space comes from', async () => {
    const net = toPiecewiseAffine(oneOfEach.find(([name]) => name === 'max pooling')![1]());
    const region = linearRegion(
      net,
      Float64Array.from({ length: 18 }, (_, i) => -i),
    );
    // The first window holds pixels 0, 1, 3 and 4 of two channels; pixel 0 wins.
    expect(region.origin(0)).toMatchObject({ entry: 0, rival: 2 });
    expect(region.origin(2)).toMatchObject({ entry: 0, rival: 8 });
    expect(region.origin(10)).toMatchObject({ entry: 0, rival: undefined });
    await expectRefusal(() => region.origin(15), { code: 'INVALID_OPTION', fn: 'linearRegion', argument: 'index' });
  });

  test('has the edges that clipping a square by every half-space leaves', () => {
    for (let seed = 0; seed < 10; seed++) {
      const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [], classes: 2 }));
      expect(linearRegion(net, [0, 0]).facets()).toHaveLength(0);
      const rng = createRng(seed);
      const random = (rows: number, columns: number) =>
        Array.from({ length: rows }, () => Array.from(normals(columns, rng)));
      const deep = toPiecewiseAffine(
        handMade(
          { kernel: random(2, 12), bias: [...normals(12, rng)] },
          { kernel: random(12, 12), bias: [...normals(12, rng)] },
          { kernel: random(12, 2), bias: [0, 0] },
        ),
      );
      const region = linearRegion(deep, normals(2, rng));
      expect([...region.facets()]).toEqual(edges(region));
    }
  });

  test('has facets among which is every half-space that a ray leaves through', () => {
    const rng = createRng(8);
    const net = toPiecewiseAffine(
      handMade(
        { kernel: [0, 1, 2, 3].map(() => [...normals(20, rng)]), bias: [...normals(20, rng)] },
        { kernel: Array.from({ length: 20 }, () => [...normals(2, rng)]), bias: [0, 0] },
      ),
    );
    const x = normals(4, rng);
    const region = linearRegion(net, x);
    const left = new Set<number>();
    for (let i = 0; i < 4000; i++) left.add(exit(region, x, normals(4, rng)).through);
    left.delete(-1);
    expect([...region.facets()]).toEqual([...left].sort((a, b) => a - b));
  });

  test('keeps one of equal half-spaces and leaves out units that do not depend on the input', () => {
    const net = toPiecewiseAffine(
      handMade({ kernel: [[1, 2, -1, 0]], bias: [1, 2, 5, 3] }, { kernel: [[1], [1], [1], [1]], bias: [0] }),
    );
    expect([...linearRegion(net, [0]).facets()]).toEqual([1, 2]);
  });

  test('is matrix-free for a convolutional network', () => {
    const model = lenet({ seed: 1 });
    const net = toPiecewiseAffine(model);
    model.dispose();
    const x = Float64Array.from({ length: 784 }, (_, i) => ((i * 37) % 101) / 101);
    const region = linearRegion(net, x);
    // 28 28 32 and 14 14 64 units, three comparisons in each of their windows, and 1024 units.
    expect(region.count).toBe(25088 + 3 * 6272 + 12544 + 3 * 3136 + 1024);
    const rows = region.normalRows(region.count - 3, region.count);
    const slacks = region.slacks(x);
    for (let r = 0; r < 3; r++) {
      const h = region.count - 3 + r;
      const product = x.reduce((sum, value, j) => sum + value * rows[r * 784 + j]!, region.offsets[h]!);
      expect(product).toBeCloseTo(slacks[h]!, 10);
    }
  });

  test.each([
    ['a point of the wrong length', () => linearRegion(byHand, [1]), 'INVALID_SHAPE', 'x'],
    ['a test point of the wrong length', () => linearRegion(byHand, [1, 1]).contains([1]), 'INVALID_SHAPE', 'z'],
    [
      'a negative tolerance',
      () => linearRegion(byHand, [1, 1]).contains([1, 1], { tolerance: -1 }),
      'INVALID_OPTION',
      'tolerance',
    ],
    ['rows that do not exist', () => linearRegion(byHand, [1, 1]).normalRows(0, 4), 'INVALID_OPTION', 'end'],
  ] as const)('refuses %s', async (_, work, code, argument) => {
    await expectRefusal(work, { code, fn: 'linearRegion', argument });
  });
});

/** Half-spaces that still own an edge after a large square has been clipped by every one of them. */
function edges({ normals: rows, offsets, count }: LinearRegion): number[] {
  const size = 1e5;
  // Each corner carries the half-space of the edge that begins at it; -1 for the square's own.
  let polygon = [
    [-size, -size],
    [size, -size],
    [size, size],
    [-size, size],
  ].map(([x, y]) => ({ x: x!, y: y!, edge: -1 }));
  for (let h = 0; h < count; h++) {
    const value = ({ x, y }: { x: number; y: number }) => rows[2 * h]! * x + rows[2 * h + 1]! * y + offsets[h]!;
    polygon = polygon.flatMap((p, i) => {
      const q = polygon[(i + 1) % polygon.length]!;
      const [vp, vq] = [value(p), value(q)];
      const s = vp / (vp - vq);
      const crossing = { x: p.x + s * (q.x - p.x), y: p.y + s * (q.y - p.y) };
      if (vp >= 0) return vq >= 0 ? [p] : [p, { ...crossing, edge: h }];
      return vq >= 0 ? [{ ...crossing, edge: p.edge }] : [];
    });
  }
  return [...new Set(polygon.map(({ edge }) => edge))].filter((edge) => edge >= 0).sort((a, b) => a - b);
}
