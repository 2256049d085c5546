import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import { pgdLinf } from '../../src/attacks/pgdLinf';
import { classifier } from '../../src/classifier/classifier';
import { createRng } from '../../src/core/rng';
import { lpOut } from '../../src/losses/lpOut';
import { maxLogOdds } from '../../src/losses/maxLogOdds';
import { plainStep } from '../../src/training/plainStep';
import { firstLogit, identity, linear, randomMlp, uniformImages } from '../support/attackModels';
import { tinyBatch, tinyMlp } from '../support/smallModels';

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;

/** Two classes; all units are dead unless some pixel is above 0.75. */
const deadBelow = (u: tf.Tensor) => tf.mul(tf.relu(tf.sub(u, 0.75)), [40, 3]) as tf.Tensor2D;

/** A classifier of images whose logits are the pixels. */
const pixels = (shape: readonly number[]) => {
  const classes = shape.reduce((product, size) => product * size, 1);
  return classifier((x) => tf.reshape(x, [-1, classes]), { inputShape: shape, classes });
};

/** The moving average over windows of so many pixels, cut off at the border, of an image given row by row. */
function average(image: readonly number[][], window: number): number[][] {
  const near = <T>(values: readonly T[], i: number) => values.filter((_, j) => Math.abs(i - j) <= (window - 1) / 2);
  return image.map((row, y) => row.map((_, x) => mean(near(image, y).flatMap((r) => near(r, x)))));
}

/** Points at which an attack asked for the objective, in order; the logits are the pixels. */
function pointsOf(
  image: readonly number[],
  restarts: number,
  value: (z: tf.Tensor2D) => tf.Tensor1D = firstLogit,
): number[][] {
  const points: number[][] = [];
  const objective = (z: tf.Tensor2D) => {
    points.push([...z.dataSync()]);
    return value(z);
  };
  const options = { epsilon: 0.125, steps: 1, restarts, objective };
  maxConfidenceAttack(identity(image.length), tf.tensor2d([[...image]]), options);
  return points;
}

describe('maxConfidenceAttack', () => {
  it('begins at the best of image, random point, random corner, lowered and raised contrast', () => {
    const [image, random, corner, lowered, raised, best] = pointsOf([0.25, 0.5, 0.75], 1) as number[][];
    expect(image).toEqual([0.25, 0.5, 0.75]);
    expect(random!.every((v, i) => Math.abs(v - image![i]!) < 0.125)).toBe(true);
    expect(corner!.map((v, i) => Math.abs(v - image![i]!))).toEqual([0.125, 0.125, 0.125]);
    // The mean is 0.5.
    expect(lowered).toEqual([0.375, 0.5, 0.625]);
    expect(raised).toEqual([0.125, 0.5, 0.875]);
    const candidates = [image, random, corner, lowered, raised] as number[][];
    expect(best![0]).toBe(Math.max(...candidates.map((point) => point[0]!)));
  });

  it('raises the contrast about another level in each later restart', () => {
    const points = pointsOf([0.25, 0.47, 0.5, 0.53, 0.75], 4);
    // Forward passes: image, then per restart four candidates, one gradient step, one last point.
    const raised = [0, 1, 2, 3].map((restart) => JSON.stringify(points[4 + 6 * restart]));
    expect(points.length).toBe(1 + 4 * 6);
    expect(new Set(raised).size).toBeGreaterThan(1);
  });

  it('measures contrast from no farther than epsilon beside the mean', () => {
    const points = pointsOf([0.25, 0.5, 0.75], 12);
    const middles: number[] = [];
    for (let restart = 0; restart < 12; restart++) {
      // The level is in [0.375, 0.625]: the outer pixels always move by the whole of epsilon, the middle one as far as the level.
      const [dark, middle, bright] = points[3 + 6 * restart]!;
      expect([dark, bright]).toEqual([0.375, 0.625]);
      middles.push(middle!);
    }
    expect(middles[0]).toBe(0.5);
    expect(Math.min(...middles)).toBeLessThan(0.45);
    expect(Math.max(...middles)).toBeGreaterThan(0.55);
  });

  it('begins at the image where no other point is better, in the first restart alone', () => {
    const image = [0.25, 0.5, 0.75];
    const nearness = (z: tf.Tensor2D) => tf.neg(tf.sum<tf.Tensor1D>(tf.square(tf.sub(z, image)), 1));
    const starts = pointsOf(image, 4, nearness).filter((_, k) => k % 6 === 5);
    expect(starts.map((start) => start.every((v, i) => v === image[i]))).toEqual([true, false, false, false]);
  });

  it('begins later restarts afresh, at the best of their own four points', () => {
    const points = pointsOf([0.25, 0.5, 0.75], 12);
    for (let restart = 1; restart < 12; restart++) {
      const [start, ...own] = [4, 0, 1, 2, 3].map((k) => points[1 + 6 * restart + k]!);
      expect(own).toContainEqual(start);
      expect(start![0]).toBe(Math.max(...own.map((point) => point[0]!)));
    }
  });

  it('begins images at corners of one sign for each block of a grid of 2, 3, 4 or 7 blocks a side', () => {
    const points: number[][] = [];
    const objective = (z: tf.Tensor2D) => {
      points.push([...z.dataSync()]);
      return firstLogit(z);
    };
    const [height, width] = [14, 28];
    const x = tf.fill([1, height, width, 2], 0.5);
    maxConfidenceAttack(pixels([height, width, 2]), x, { epsilon: 0.125, steps: 1, restarts: 40, objective });
    const gridsSeen = new Set<number>();
    const finer: number[][] = [];
    for (let restart = 0; restart < 40; restart++) {
      const corner = points[2 + 6 * restart]!;
      expect(corner.every((v) => Math.abs(v - 0.5) === 0.125)).toBe(true);
      const grid = [2, 3, 4, 7].find((blocks) =>
        corner.every((value, i) => {
          const [y, x, c] = [Math.floor(i / (2 * width)), Math.floor(i / 2) % width, i % 2];
          const firstOf = (at: number, size: number) => Math.ceil((Math.floor((at * blocks) / size) * size) / blocks);
          return value === corner[(firstOf(y, height) * width + firstOf(x, width)) * 2 + c];
        }),
      );
      expect(grid).toBeDefined();
      gridsSeen.add(grid!);
      if (grid! > 2) finer.push(corner);
    }
    expect(gridsSeen.size).toBe(4);
    // The sign of every block and channel is drawn: each pixel is lowered in about half of the restarts.
    const lowered = finer[0]!.map((_, i) => finer.filter((corner) => corner[i]! < 0.5).length / finer.length);
    expect(Math.min(...lowered)).toBeGreaterThan(0.1);
    expect(Math.max(...lowered)).toBeLessThan(0.9);
  });

  it('goes along the smoothed gradient of an image in the first quarter of its steps, then along signs', () => {
    const size = 8;
    const rng = createRng(3);
    const weights = Array.from({ length: size }, () => Array.from({ length: size }, rng.normal));
    const points: number[][] = [];
    const objective = (z: tf.Tensor2D) => {
      points.push([...z.dataSync()]);
      return tf.sum<tf.Tensor1D>(tf.mul(z, weights.flat()), 1);
    };
    const epsilon = 0.375;
    const options = { epsilon, steps: 8, objective, randomStart: false };
    maxConfidenceAttack(pixels([size, size, 1]), tf.fill([1, size, size, 1], 0.5), options);
    const smooth = average(average(weights, 3), 3).flat();
    const unit = smooth.map((v) => v / Math.max(...smooth.map(Math.abs)));
    // The gradient is the same everywhere, so momentum does not change the direction.
    [1, 1.5].forEach((length, i) => {
      points[i + 1]!.forEach((v, j) => {
        expect(v).toBeCloseTo(0.5 + (epsilon / 3) * length * unit[j]!, 6);
      });
    });
    points[3]!.forEach((v, j) => {
      expect(v).toBeCloseTo(0.5 + epsilon * Math.sign(weights.flat()[j]!), 6);
    });
  });

  it('escapes from where all units are dead, which pgdLinf never leaves', () => {
    const x = tf.fill([8, 2], 0.5);
    const options = { epsilon: 0.4, stepSize: 0.1, steps: 10, objective: maxLogOdds, randomStart: false };
    const stuck = pgdLinf(deadBelow, x, options);
    expect([...stuck.adversarial.dataSync()]).toEqual(new Array(16).fill(0.5));
    expect(stuck.zeroGradients).toBe(80);
    const free = maxConfidenceAttack(deadBelow, x, options);
    expect(free.zeroGradients).toBeGreaterThan(0);
    for (const value of free.objective.dataSync()) expect(value).toBeGreaterThan(0.4);
  });

  it('finds the worst corner of a linear model in a single step', () => {
    const w = [2, -1, 0.5, -3];
    const images = [
      [0.5, 0.5, 0.5, 0.5],
      [0.95, 0.02, 0.9, 0.6],
    ];
    for (const steps of [1, 20]) {
      const options = { epsilon: 0.2, steps, objective: firstLogit };
      const { objective } = maxConfidenceAttack(linear(w), tf.tensor2d(images), options);
      images.forEach((image, row) => {
        const corner = image.map((v, i) => (w[i]! > 0 ? Math.min(v + 0.2, 1) : Math.max(v - 0.2, 0)));
        expect(objective.dataSync()[row]).toBeCloseTo(
          corner.reduce((sum, v, i) => sum + w[i]! * v, 0),
          5,
        );
      });
    }
  });

  it('takes 20 steps on the log-odds unless told otherwise, and no step size', () => {
    const model = randomMlp(4);
    const x = uniformImages(4, 6, 1);
    const plain = maxConfidenceAttack(model, x);
    const told = maxConfidenceAttack(model, x, {
      epsilon: 0.3,
      steps: 20,
      objective: maxLogOdds,
      ...{ stepSize: 9 },
    });
    expect(plain.gradientEvaluations).toBe(20);
    expect([...plain.adversarial.dataSync()]).toEqual([...told.adversarial.dataSync()]);
    expect(maxConfidenceAttack(model, x, { steps: 3, restarts: 4 }).gradientEvaluations).toBe(12);
  });

  it('reaches in 20 gradient evaluations what pgdLinf reaches in 200, on networks trained and not', () => {
    const trained = tinyMlp(3);
    const batch = tinyBatch(60);
    const optimizer = tf.train.adam(0.02);
    for (let step = 0; step < 60; step++) tf.dispose(plainStep(trained, optimizer, batch, { seed: 1 }));
    const cases = [
      { model: trained, x: uniformImages(40, 2, 5), epsilon: 0.1 },
      ...[1, 2, 3].map((seed) => ({ model: randomMlp(seed, 20, 5), x: uniformImages(20, 20, seed), epsilon: 0.3 })),
    ];
    for (const { model, x, epsilon } of cases) {
      const confidence = (found: tf.Tensor) => mean(tf.exp(lpOut(model.predict(found) as tf.Tensor2D)).dataSync());
      const slow = confidence(pgdLinf(model, x, { epsilon, steps: 200, seed: 1 }).adversarial);
      const fast = confidence(maxConfidenceAttack(model, x, { epsilon, steps: 20, seed: 1 }).adversarial);
      expect(fast).toBeGreaterThanOrEqual(slow - 1e-6);
    }
  });
});

describe('the momentum of maxConfidenceAttack', () => {
  it.each([
    { back: 0.45, first: 0.6 },
    { back: 0.55, first: 0.5 },
  ])('keeps half of the last direction: a gradient of -$back against it leads to $first', async ({ back, first }) => {
    // At the start the gradient is (1, 0), and after a step along it (-back, 1 - back).
    const objective = (z: tf.Tensor2D) => {
      const [a, b] = tf.unstack(tf.sub(z, 0.5), 1) as [tf.Tensor1D, tf.Tensor1D];
      const along = tf.sub(a, tf.mul(5 * (1 + back), tf.square(a)));
      return tf.add<tf.Tensor1D>(along, tf.mul(10 * (1 - back), tf.mul(a, b)));
    };
    const x = tf.tensor2d([[0.5, 0.5]]);
    const options = { epsilon: 0.1, steps: 2, randomStart: false, keepBest: false, objective };
    const { adversarial, objective: reached } = maxConfidenceAttack(identity(2), x, options);
    const found = await adversarial.data();
    expect(found[0]).toBeCloseTo(first, 6);
    expect(found[1]).toBeCloseTo(0.6, 6);
    tf.dispose([x, adversarial, reached]);
  });
});
