import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { meanNeighbourScore, neighbourScore } from '../../src/detectors/scores/neighbours';
import { roundedPoints } from '../../src/detectors/scores/rounded';

const rng = createRng(3);
const normal = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
const unitRows = (values: Float32Array, size: number) => {
  const lengths = squaredDistances(new Float32Array(size), values).map(Math.sqrt);
  return values.map((value, i) => value / lengths[Math.floor(i / size)]!);
};

/** Squared distances, term by term. */
function squaredDistances(u: ArrayLike<number>, points: Float32Array): number[] {
  return Array.from({ length: points.length / u.length }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < u.length; j++) sum += (u[j]! - points[i * u.length + j]!) ** 2;
    return sum;
  });
}

describe('points rounded to bytes', () => {
  test.each([
    ['directions', unitRows(normal(200 * 37), 37), 37, 0.05],
    ['one number each', normal(9), 1, 0.1],
    ['one large number among small ones', normal(64 * 50).map((v, i) => (i % 64 === 5 ? 1000 : v)), 64, 1e5],
    ['all equal', new Float32Array(8 * 24).fill(0.3), 24, 0.1],
    ['zero', new Float32Array(8 * 24), 24, 1e-3],
    ['a size at which sums might run over', new Float32Array(3 * 70_000).fill(-1), 70_000, 2e5],
  ])('bound the squared distances from both sides: %s', (_, points, size, width) => {
    const look = roundedPoints(points, size)!;
    const vectors = [points.slice(0, size), normal(size), new Float32Array(size), new Float32Array(size).fill(1)];
    for (const u of vectors.map((values) => Float64Array.from(values))) {
      const { lower, upper } = look(u);
      for (const [i, square] of squaredDistances(u, points).entries()) {
        expect(lower[i]!).toBeLessThanOrEqual(square);
        expect(upper[i]!).toBeGreaterThanOrEqual(square);
        expect(upper[i]! - lower[i]!).toBeLessThan(width * Math.max(1, Math.hypot(...u.slice(0, 1000))));
      }
    }
  });

  test('bound directions of 1,280 numbers to a few hundredths', () => {
    const points = unitRows(normal(40 * 1280), 1280);
    const { lower, upper } = roundedPoints(points, 1280)!(Float64Array.from(unitRows(normal(1280), 1280)));
    for (const [i, high] of upper.entries()) expect(high - lower[i]!).toBeLessThan(0.05);
  });

  test.each([
    [5, 1030, 1024],
    [3, 8200, 129],
  ])('find the same %i nearest of %i with %i numbers as all distances sorted', (k, count, size) => {
    // Every other one close to the first, so that many bounds overlap.
    const values = normal(count * size);
    const bank = unitRows(
      values.map((value, i) => (Math.floor(i / size) % 2 === 0 ? values[i % size]! + value / 4 : value)),
      size,
    );
    for (const features of [normal(size), values.slice(0, size), new Float32Array(size)]) {
      const length = Math.hypot(...features) || 1;
      const u = Float64Array.from(features, (value) => value / length);
      const nearest = squaredDistances(u, bank)
        .map(Math.sqrt)
        .sort((a, b) => a - b)
        .slice(0, k);
      const own = Float64Array.from(features);
      const none = new Float64Array();
      expect(neighbourScore({ bank, k }, size, roundedPoints)(own, none)).toBeCloseTo(-nearest[k - 1]!, 12);
      const mean = nearest.reduce((a, b) => a + b) / k;
      expect(meanNeighbourScore({ bank, k }, size, roundedPoints)(own, none)).toBeCloseTo(-mean, 12);
    }
  });
});
