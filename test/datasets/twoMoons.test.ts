import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { twoMoons } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';

describe('twoMoons', () => {
  it('puts noiseless points on two half ellipses inside [0.2, 0.8]^2, classes taking turns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.integer(), (points, seed) => {
        const { x, y } = twoMoons({ points, noise: 0, seed });
        expect(x).toHaveLength(2 * points);
        expect([...y]).toEqual(Array.from({ length: points }, (_, i) => i % 2));
        for (let i = 0; i < points; i++) {
          // Centres, radii and the half that is taken, worked out by hand: one unit is 0.2 across and 0.4 up.
          const [centreX, centreY, side] = y[i] === 0 ? [0.4, 0.4, 1] : [0.6, 0.6, -1];
          const [u, v] = [(x[2 * i]! - centreX!) / 0.2, (x[2 * i + 1]! - centreY!) / 0.4];
          expect(u * u + v * v).toBeCloseTo(1, 4);
          expect(v * side!).toBeGreaterThanOrEqual(-1e-6);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('spans [0.2, 0.8] on both axes', () => {
    const { x } = twoMoons({ points: 4000, noise: 0 });
    for (const axis of [0, 1]) {
      const values = x.filter((_, i) => i % 2 === axis);
      expect(Math.min(...values)).toBeCloseTo(0.2, 3);
      expect(Math.max(...values)).toBeCloseTo(0.8, 3);
    }
  });

  it('adds noise of the given standard deviation, in units of the box', () => {
    const clean = twoMoons({ points: 5000, noise: 0 }).x;
    const noisy = twoMoons({ points: 5000, noise: 0.01 }).x;
    const variance = noisy.reduce((sum, v, i) => sum + (v - clean[i]!) ** 2, 0) / noisy.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.01, 3);
  });

  it('never leaves [0, 1], however large the noise', () => {
    const { x } = twoMoons({ points: 500, noise: 1 });
    expect(Math.min(...x)).toBe(0);
    expect(Math.max(...x)).toBe(1);
  });

  it('gives the same points for the same seed and others for another', () => {
    expect(twoMoons({ seed: 0 })).toEqual(twoMoons());
    expect(twoMoons({ seed: 1 }).x).not.toEqual(twoMoons().x);
  });

  it.each([
    ['points', { points: 1 }],
    ['points', { points: 10.5 }],
    ['noise', { noise: -0.1 }],
    ['noise', { noise: Number.NaN }],
  ])('refuses a bad %s', async (argument, options) => {
    await expectRefusal(() => twoMoons(options), { code: 'INVALID_OPTION', fn: 'twoMoons', argument });
  });
});
