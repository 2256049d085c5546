import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { mlp } from '../../src/models/index';
import {
  evaluate,
  inputPlane,
  type PiecewiseAffine,
  planeThrough,
  pointOnPlane,
  type Region2d,
  sliceRegions,
  toPiecewiseAffine,
} from '../../src/regions/index';
import { gap, normals, oneOfEach, randomWeights } from '../support/regionModels';
import { areaIn, depthIn, logitsOf, patternAt, unmatchedEdges } from '../support/tiling';

/** A network with two inputs and random weights and biases. */
function planar(hidden: readonly number[], seed: number): PiecewiseAffine {
  const model = randomWeights(mlp({ inputShape: [2], hidden, classes: 3 }), seed);
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

function unboundedIn(regions: readonly Region2d[]): number {
  return regions.filter(({ unbounded }) => unbounded).length;
}

describe('sliceRegions', () => {
  test.each([1, 2, 3, 7, 20, 40])('cuts the plane by %i lines in general position as often as it can be', (m) => {
    const regions = sliceRegions(planar([m], m), inputPlane);
    expect(regions).toHaveLength(1 + m + (m * (m - 1)) / 2);
    expect(unboundedIn(regions)).toBe(2 * m);
    expect(regions.complete).toBe(true);
  });

  test('finds every pattern that a fine grid meets, and no pattern twice', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
        fc.nat(1e6),
        (hidden, seed) => {
          const net = planar(hidden, seed);
          const regions = sliceRegions(net, inputPlane);
          const patterns = new Set(regions.map(({ inside }) => patternAt(net, inputPlane, inside)));
          expect(patterns.size).toBe(regions.length);
          for (const scale of [0.3, 2, 50])
            for (let i = 0; i < 900; i++) {
              const point = [scale * ((i % 30) / 15 - 0.97), scale * (Math.floor(i / 30) / 15 - 0.97)] as const;
              expect(patterns).toContain(patternAt(net, inputPlane, point));
            }
        },
      ),
      { numRuns: 15 },
    );
  });

  test('finds every region once where nearly parallel lines meet far away', () => {
    const net = planar([3, 5, 3], 743_637);
    const regions = sliceRegions(net, inputPlane);
    expect(new Set(regions.map(({ inside }) => patternAt(net, inputPlane, inside))).size).toBe(regions.length);
    // At the network's own values, to rounding: a corner that was given up for lost left a region with another's map.
    for (const region of regions)
      expect(gap(logitsOf(region, region.inside), evaluate(net, region.inside))).toBeLessThan(1e-9);
  });

  test('puts every point into one region, whose affine map is the network there', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), fc.nat(1e6), (hidden, seed) => {
        const net = planar(hidden, seed);
        const regions = sliceRegions(net, inputPlane);
        const rng = createRng(seed);
        for (let i = 0; i < 40; i++) {
          const scale = 10 ** (4 * rng.uniform() - 1);
          const point = [scale * rng.normal(), scale * rng.normal()] as const;
          const depths = regions.map((region) => depthIn(region, point));
          if (depths.some((depth) => Math.abs(depth) < 1e-9)) continue;
          const home = regions.filter((_, r) => depths[r]! > 0);
          expect(home).toHaveLength(1);
          expect(gap(logitsOf(home[0]!, point), evaluate(net, point))).toBeLessThan(1e-11);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('covers any box without overlaps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }), fc.nat(1e6), (hidden, seed) => {
        const net = planar(hidden, seed);
        const rng = createRng(seed);
        const size = 10 ** (5 * rng.uniform() - 2);
        const [x, y] = [size * rng.normal(), size * rng.normal()];
        const box = { x: [x, x + size], y: [y, y + 2 * size] } as const;
        const area = 2 * size * size;
        expect(areaIn(sliceRegions(net, inputPlane), box) / area).toBeCloseTo(1, 9);
        const inBox = sliceRegions(net, inputPlane, { box });
        expect(areaIn(inBox, box) / area).toBeCloseTo(1, 9);
        expect(unboundedIn(inBox)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('gives neighbours the same corners, bit for bit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 2, max: 14 }), { minLength: 1, maxLength: 3 }),
        fc.nat(1e6),
        (hidden, seed) => {
          expect(unmatchedEdges(sliceRegions(planar(hidden, seed), inputPlane))).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('has the class at the point inside, and the logits of the network there', () => {
    const net = planar([8, 8], 3);
    for (const region of sliceRegions(net, inputPlane)) {
      const logits = evaluate(net, region.inside);
      expect(depthIn(region, region.inside)).toBeGreaterThan(0);
      expect(region.class).toBe(logits.indexOf(Math.max(...logits)));
      expect(gap(logitsOf(region, region.inside), logits)).toBeLessThan(1e-12);
    }
  });

  test.each(oneOfEach)('cuts a plane through three inputs of any network: %s', (_, make) => {
    const model = make();
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(11);
    const plane = planeThrough(normals(net.inputSize, rng), normals(net.inputSize, rng), normals(net.inputSize, rng));
    const box = { x: [-0.2, 0.9], y: [0.1, 0.8] } as const;
    const regions = sliceRegions(net, plane, { box });
    expect(regions.length).toBeGreaterThan(1);
    expect(areaIn(regions, box)).toBeCloseTo(1.1 * 0.7, 11);
    const patterns = regions.map(({ inside }) => patternAt(net, plane, inside));
    expect(new Set(patterns).size).toBe(regions.length);
    for (const [from, to] of unmatchedEdges(regions)) {
      const onVertical = from![0] === to![0] && (from![0] === box.x[0] || from![0] === box.x[1]);
      const onHorizontal = from![1] === to![1] && (from![1] === box.y[0] || from![1] === box.y[1]);
      expect(onVertical || onHorizontal).toBe(true);
    }
    for (let i = 0; i < 60; i++) {
      const point = [-0.2 + 1.1 * rng.uniform(), 0.1 + 0.7 * rng.uniform()] as const;
      const home = regions.filter((region) => depthIn(region, point) > 0);
      expect(home).toHaveLength(1);
      expect(gap(logitsOf(home[0]!, point), evaluate(net, pointOnPlane(plane, ...point)))).toBeLessThan(1e-11);
      expect(patterns[regions.indexOf(home[0]!)]).toBe(patternAt(net, plane, point));
    }
  });
});
