import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type AttackTask, prepareAttack } from '../../src/attacks/prepareAttack';
import { ballStart, scaledUniformStart, surfaceStart } from '../../src/attacks/randomStart';
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
