import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { apgdCheckpoints, apgdLinf } from '../../src/attacks/apgdLinf';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import { createRng } from '../../src/core/rng';
import { lpOut } from '../../src/losses/lpOut';
import { maxLogOdds } from '../../src/losses/maxLogOdds';
import { identity, randomMlp, uniformImages } from '../support/attackModels';
import { apgd64 } from '../support/float64Apgd';

describe('apgdCheckpoints', () => {
  it.each([
    // By hand: p = .22, .41, .57, .70, .80, .87, .93, .99.
    { steps: 100, at: [22, 41, 57, 70, 80, 87, 93, 99] },
    { steps: 40, at: [9, 17, 23, 28, 32, 35, 38] },
    { steps: 10, at: [3, 5, 6, 7, 8, 9] },
    { steps: 2, at: [1] },
    { steps: 1, at: [] },
  ])('are ceil(p_j n) below n, for n = $steps', ({ steps, at }) => {
    expect([...apgdCheckpoints(steps).keys()]).toEqual(at);
    expect([...apgdCheckpoints(steps).values()]).toEqual(at.map((w, i) => w - (at[i - 1] ?? 0)));
  });
});

describe('apgdLinf', () => {
  const images = [
    [0.5, 0.5],
    [0.1, 0.85],
    [0.7, 0.3],
    [0.93, 0.41],
  ];

  /** Hills of several heights on the plane, and the same function in tfjs. */
  const hills = {
    value: ([a, b]: readonly number[]) => Math.sin(7 * a!) * Math.cos(5 * b!) + 0.5 * a! - 2 * (b! - 0.4) ** 2,
    gradient: ([a, b]: readonly number[]) => [
      7 * Math.cos(7 * a!) * Math.cos(5 * b!) + 0.5,
      -5 * Math.sin(7 * a!) * Math.sin(5 * b!) - 4 * (b! - 0.4),
    ],
  };
  const hillsOf = (z: tf.Tensor2D): tf.Tensor1D => {
    const [a, b] = tf.split(z, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const waves = tf.mul(tf.sin(tf.mul(a, 7)), tf.cos(tf.mul(b, 5)));
    const slope = tf.sub(tf.mul(a, 0.5), tf.mul(tf.square(tf.sub(b, 0.4)), 2));
    return tf.squeeze(tf.add(waves, slope), [1]);
  };

  it.each([
    { steps: 20, epsilon: 0.2 },
    { steps: 50, epsilon: 0.1 },
    { steps: 60, epsilon: 0.4 },
  ])('visits the points of a float64 AutoPGD for $steps steps and epsilon $epsilon', ({ steps, epsilon }) => {
    const visited: number[][] = [];
    const record = (z: tf.Tensor2D) => {
      visited.push([...z.dataSync()]);
      return hillsOf(z);
    };
    const options = { steps, epsilon, randomStart: false, objective: record };
    const { adversarial, objective } = apgdLinf(identity(2), tf.tensor2d(images), options);
    const checkpoints = [...apgdCheckpoints(steps).keys()];
    expect(visited.length).toBe(steps + 1);
    images.forEach((image, row) => {
      const oracle = apgd64(hills, image.map(Math.fround), { steps, epsilon, checkpoints });
      // Near the top the order of two nearly equal values is a matter of rounding; until then paths must agree.
      oracle.visited.slice(0, 20).forEach((point, k) => {
        expect(visited[k]![2 * row]).toBeCloseTo(point[0]!, 4);
        expect(visited[k]![2 * row + 1]).toBeCloseTo(point[1]!, 4);
      });
      expect(objective.dataSync()[row]).toBeCloseTo(oracle.value, 4);
      expect(hills.value([...adversarial.dataSync()].slice(2 * row, 2 * row + 2))).toBeCloseTo(oracle.value, 4);
      expect(oracle.eta).toBeLessThan(2 * epsilon);
    });
  });

  it('goes back to its start, with half the step, where everything up to the first checkpoint was below it', () => {
    // The objective says 10 at the start, then 1, 2, 3, ...: it rises in four of the first five steps, and never above 10.
    const visited: number[] = [];
    const told = [10, ...Array.from({ length: 20 }, (_, k) => 1 + k / 4)];
    const objective = (z: tf.Tensor2D) => {
      const value = told[visited.length]!;
      visited.push(z.dataSync()[0]!);
      const [first] = tf.split(z, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
      return tf.squeeze<tf.Tensor1D>(tf.add(tf.mul(first, 1e-3), value), [1]);
    };
    const options = { steps: 20, epsilon: 0.2, randomStart: false, objective };
    apgdLinf(identity(2), tf.tensor2d([[0.5, 0.5]]), options);
    expect([...apgdCheckpoints(20).keys()][0]).toBe(5);
    // A step of 0.2 from the start, times 0.75, and 0.25 of the way back from 0.7 as momentum.
    for (const [k, point] of [0.5, 0.7, 0.7, 0.7, 0.7, 0.7, 0.6].entries()) expect(visited[k]).toBeCloseTo(point, 5);
  });

  it('starts on the surface of the ball', () => {
    const points: number[][] = [];
    const record = (z: tf.Tensor2D) => {
      points.push([...z.dataSync()]);
      return hillsOf(z);
    };
    const options = { steps: 1, epsilon: 0.125, keepBest: false, objective: record };
    apgdLinf(identity(2), tf.fill([6, 2], 0.5), options);
    for (let row = 0; row < 6; row++) {
      const moved = points[0]!.slice(2 * row, 2 * row + 2).map((v) => Math.abs(v - 0.5));
      expect(Math.max(...moved)).toBeCloseTo(0.125, 6);
    }
  });

  it.each([
    { name: 'lpOut', objective: lpOut },
    { name: 'maxLogOdds', objective: maxLogOdds },
  ])('is on average not worse than pgdLinf with the same number of gradients, maximising $name', ({ objective }) => {
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
    let [auto, fixed] = [0, 0];
    for (let seed = 0; seed < 8; seed++) {
      const model = randomMlp(seed, 20, 5);
      const x = uniformImages(10, 20, seed);
      const options = { epsilon: 0.3, steps: 40, objective, seed: createRng(seed).integer(1000) };
      auto += mean(apgdLinf(model, x, options).objective.dataSync());
      fixed += mean(pgdLinf(model, x, options).objective.dataSync());
    }
    expect(auto).toBeGreaterThanOrEqual(fixed);
  });
});
