import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { distanceToBoundary, inscribedBall, linearRegion, type Norm, toPiecewiseAffine } from '../../src/regions/index';
import { expectRefusal } from '../support/expectRefusal';
import { along, handMade, normals, oneOfEach } from '../support/regionModels';

const lengths: Readonly<Record<Norm, (v: Float64Array) => number>> = {
  L1: (v) => v.reduce((sum, value) => sum + Math.abs(value), 0),
  L2: (v) => Math.hypot(...v),
  Linf: (v) => Math.max(...v.map(Math.abs)),
};
const norms = Object.keys(lengths) as Norm[];

// Where all three units are active is the triangle with the corners (0, 0), (4, 0) and (0, 3).
const triangle = toPiecewiseAffine(
  handMade(
    {
      kernel: [
        [1, 0, -3],
        [0, 1, -4],
      ],
      bias: [0, 0, 12],
    },
    { kernel: [[1], [1], [1]], bias: [0] },
  ),
);

describe('distanceToBoundary', () => {
  test.each([
    ['L1', 2 / 4],
    ['L2', 2 / 5],
    ['Linf', 2 / 7],
  ] as const)('is that of a point in a triangle to its longest side, in %s', (norm, distance) => {
    expect(distanceToBoundary(triangle, [2, 1], { norm })).toBeCloseTo(distance, 14);
  });

  test('is Euclidean unless told otherwise, zero on a boundary and infinite for an affine network', () => {
    expect(distanceToBoundary(triangle, [1, 0.5])).toBe(0.5);
    expect(distanceToBoundary(triangle, [1, 0])).toBe(0);
    const affine = toPiecewiseAffine(handMade({ kernel: [[1, 2]], bias: [0, 0] }));
    expect(distanceToBoundary(affine, [1])).toBe(Number.POSITIVE_INFINITY);
  });

  test.each(oneOfEach)('is the largest ball that stays in the region: %s', (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(9);
    const x = normals(net.inputSize, rng);
    const region = linearRegion(net, x);
    for (const norm of norms) {
      const distance = distanceToBoundary(net, x, { norm });
      expect(distance).toBeGreaterThan(0);
      for (let i = 0; i < 30; i++) {
        const v = normals(net.inputSize, rng);
        expect(region.contains(along(x, v, (0.999999 * distance) / lengths[norm](v)))).toBe(true);
      }
      // The point of the sphere that the nearest plane touches: against the normal, as the norm measures it.
      const touching = Array.from({ length: region.count }, (_, h) => {
        const n = region.normals.slice(h * net.inputSize, (h + 1) * net.inputSize);
        const largest = Math.max(...n.map(Math.abs));
        const steepest = n.findIndex((value) => Math.abs(value) === largest);
        const step = {
          L1: n.map((value, j) => (j === steepest ? -Math.sign(value) : 0)),
          L2: n.map((value) => -value / Math.hypot(...n)),
          Linf: n.map((value) => -Math.sign(value)),
        }[norm];
        return largest > 0 && !region.contains(along(x, step, 1.000001 * distance));
      });
      expect(touching).toContain(true);
    }
  });

  test('refuses another norm and a point of the wrong length', async () => {
    const fn = 'distanceToBoundary';
    const norm = 'L3' as Norm;
    await expectRefusal(() => distanceToBoundary(triangle, [1, 1], { norm }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'norm',
    });
    await expectRefusal(() => distanceToBoundary(triangle, [1]), { code: 'INVALID_SHAPE', fn, argument: 'x' });
  });
});

describe('inscribedBall', () => {
  test.each([
    ['L1', 12 / 11],
    ['L2', 1],
    ['Linf', 12 / 14],
  ] as const)('is the inscribed ball of a triangle, in %s', (norm, radius) => {
    const ball = inscribedBall(triangle, [2, 1], { norm });
    expect(ball.radius).toBeCloseTo(radius, 12);
    for (const coordinate of ball.center) expect(coordinate).toBeCloseTo(radius, 12);
  });

  test('has a centre that no small step improves, and a radius that is its distance to the boundary', () => {
    const rng = createRng(10);
    let bounded = 0;
    for (let i = 0; i < 12; i++) {
      const random = (rows: number, columns: number) =>
        Array.from({ length: rows }, () => Array.from(normals(columns, rng)));
      const net = toPiecewiseAffine(
        handMade(
          { kernel: random(3, 20), bias: [...normals(20, rng)] },
          { kernel: random(20, 10), bias: [...normals(10, rng)] },
          { kernel: random(10, 2), bias: [0, 0] },
        ),
      );
      const x = normals(3, rng).map((value) => value / 4);
      for (const norm of norms) {
        const { center, radius } = inscribedBall(net, x, { norm });
        if (radius === Number.POSITIVE_INFINITY) continue;
        bounded++;
        expect(linearRegion(net, x).contains(center, { tolerance: 1e-12 })).toBe(true);
        expect(distanceToBoundary(net, center, { norm })).toBeCloseTo(radius, 10);
        for (const size of [1e-3, 1e-1, 1])
          for (let k = 0; k < 20; k++) {
            const other = along(center, normals(3, rng), size * radius);
            if (!linearRegion(net, x).contains(other)) continue;
            expect(distanceToBoundary(net, other, { norm })).toBeLessThanOrEqual(radius * (1 + 1e-9));
          }
      }
    }
    expect(bounded).toBeGreaterThan(10);
  });

  test('has no largest ball in a cone or in a half-space', () => {
    const cone = toPiecewiseAffine(
      handMade(
        {
          kernel: [
            [1, 1],
            [1, -1],
          ],
          bias: [0, 0],
        },
        { kernel: [[1], [1]], bias: [0] },
      ),
    );
    expect(inscribedBall(cone, [2, 1])).toEqual({ center: new Float64Array([2, 1]), radius: Number.POSITIVE_INFINITY });
  });

  test('finds the ball of a strip, which has no one centre, and of a region that is a point', () => {
    const strip = toPiecewiseAffine(
      handMade(
        {
          kernel: [
            [1, -1],
            [0, 0],
          ],
          bias: [1, 3],
        },
        { kernel: [[1], [1]], bias: [0] },
      ),
    );
    const { center, radius } = inscribedBall(strip, [0, 7]);
    expect([radius, center[0]]).toEqual([2, 1]);
    const point = toPiecewiseAffine(handMade({ kernel: [[1, -1]], bias: [0, 0] }, { kernel: [[1], [1]], bias: [0] }));
    expect(inscribedBall(point, [0])).toEqual({ center: new Float64Array([0]), radius: 0 });
  });

  test('refuses another norm and a point of the wrong length', async () => {
    const fn = 'inscribedBall';
    const norm = 2 as never;
    await expectRefusal(() => inscribedBall(triangle, [1, 1], { norm }), {
      code: 'INVALID_OPTION',
      fn,
      argument: 'norm',
    });
    await expectRefusal(() => inscribedBall(triangle, [1]), { code: 'INVALID_SHAPE', fn, argument: 'x' });
  });
});
