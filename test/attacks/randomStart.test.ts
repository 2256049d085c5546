import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type AttackTask, prepareAttack } from '../../src/attacks/prepareAttack';
import { ballStart, coarseCorner, corner, scaledUniformStart, surfaceStart } from '../../src/attacks/randomStart';
import { classifier } from '../../src/classifier/classifier';
import { identity } from '../support/attackModels';

const batch = 400;
const d = 3;
const epsilon = 0.25;

/** Differences of many starts from their images, one row each. */
function differences(start: (task: AttackTask) => tf.Tensor, size = d): number[][] {
  return tf.tidy(() => {
    const x = tf.fill([batch, size], 0.5);
    const task = prepareAttack('pgdLinf', identity(size), x, { epsilon, seed: 5 });
    return tf.sub(start(task) as tf.Tensor2D, 0.5).arraySync() as number[][];
  });
}

const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const largest = (row: number[]) => Math.max(...row.map(Math.abs));

describe('scaledUniformStart', () => {
  it('is u t with t uniform in the cube and one u ~ U(0, 1) per image', () => {
    const rows = differences(scaledUniformStart, 50);
    expect(Math.max(...rows.map(largest))).toBeLessThanOrEqual(epsilon + 1e-6);
    // With 50 coordinates the largest is u epsilon up to 2 %: it is spread evenly over [0, epsilon].
    const shares = rows.map((row) => largest(row) / epsilon);
    expect(mean(shares)).toBeCloseTo(0.5 * (50 / 51), 1);
    expect(shares.filter((v) => v < 0.25).length / batch).toBeCloseTo(0.25, 1);
    expect(mean(rows.flat())).toBeCloseTo(0, 2);
  });
});

describe('surfaceStart', () => {
  it('has at least one coordinate at distance epsilon, and none farther', () => {
    for (const row of differences(surfaceStart)) expect(largest(row)).toBeCloseTo(epsilon, 6);
  });
});

describe('ballStart', () => {
  it('is uniform in the Euclidean ball: the d-th power of the relative radius is uniform on [0, 1]', () => {
    const radii = differences(ballStart).map((row) => Math.hypot(...row) / epsilon);
    expect(Math.max(...radii)).toBeLessThanOrEqual(1 + 1e-6);
    const uniform = radii.map((r) => r ** d);
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(mean(uniform.map((v) => v ** 2))).toBeCloseTo(1 / 3, 1);
    expect(mean(differences(ballStart).flat())).toBeCloseTo(0, 1);
  });
});

/** For each entry of a start of a single image, the share of seeds with which it is lowered. */
function loweredShares(
  start: (task: AttackTask) => tf.Tensor,
  shape: readonly number[],
  keep = (_: Float32Array) => true,
) {
  const [size, seeds] = [shape.reduce((product, length) => product * length, 1), 120];
  const net = classifier((x) => tf.reshape(x, [-1, size]), { inputShape: shape, classes: size });
  const drawn = Array.from({ length: seeds }, (_, seed) =>
    tf.tidy(() => {
      const task = prepareAttack('pgdLinf', net, tf.fill([1, ...shape], 0.5), { epsilon, seed });
      return tf.sub(start(task), 0.5).dataSync() as Float32Array;
    }),
  ).filter(keep);
  for (const moves of drawn) expect(moves.every((move) => Math.abs(move) === epsilon)).toBe(true);
  const shares = Array.from({ length: size }, (_, i) => mean(drawn.map((moves) => Number(moves[i]! < 0))));
  const alike = (a: number, b: number) => mean(drawn.map((moves) => Number(moves[a] === moves[b])));
  return { shares, alike, count: drawn.length };
}

describe('corner', () => {
  it('draws the sign of every coordinate, the first included, on its own', () => {
    const { shares, alike } = loweredShares(corner, [60]);
    for (const share of shares) expect(Math.abs(share - 0.5)).toBeLessThan(0.2);
    for (let i = 0; i < 59; i++) expect(Math.abs(alike(i, i + 1) - 0.5)).toBeLessThan(0.2);
    for (let i = 0; i < 36; i++) expect(Math.abs(alike(i, i + 24) - 0.5)).toBeLessThan(0.2);
  });
});

describe('coarseCorner', () => {
  it('draws the sign of every block and channel on its own, in the finest grid too', () => {
    const shape = [14, 7, 2];
    // Of the grids of 2, 3, 4 and 7 blocks a side only the last has rows of pixels that are equal two by two.
    const row = (moves: Float32Array, y: number) => moves.slice(14 * y, 14 * (y + 1)).join();
    const finest = (moves: Float32Array) => [0, 2, 4, 6, 8, 10, 12].every((y) => row(moves, y) === row(moves, y + 1));
    const { shares, alike, count } = loweredShares(coarseCorner, shape, finest);
    expect(count).toBeGreaterThan(20);
    for (const share of shares) expect(Math.abs(share - 0.5)).toBeLessThan(0.4);
    // The first block beside its other channel, the block to its right and the one below.
    for (const other of [1, 2, 28]) expect(Math.abs(alike(0, other) - 0.5)).toBeLessThan(0.4);
  });
});
