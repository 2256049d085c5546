import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { expect } from 'vitest';
import { pgdL2 } from '../../src/attacks';
import { confidences } from '../../src/classifier';
import { createRng, type Rng } from '../../src/core/rng';
import { evaluateOod } from '../../src/evaluation';
import type { GuaranteedClassifier } from '../../src/guarantees';
import { expectNoLeak } from '../support/expectNoLeak';
import { randomWeights } from '../support/regionModels';

/** Networks that wrappers are tried on: logits from the last dense layer of a few ReLUs, or from a small convolution. */
export const networks: Readonly<Record<string, (seed: number) => LayersModel>> = {
  'dense, 2 classes': (seed) => dense([2, 12, 8, 2], seed),
  'dense, 4 classes': (seed) => dense([3, 10, 10, 4], seed),
  convolutional: (seed) =>
    randomWeights(
      sequential({
        layers: [
          layers.conv2d({ inputShape: [5, 5, 1], filters: 3, kernelSize: 3, activation: 'relu' }),
          layers.maxPooling2d({ poolSize: 2, strides: 1 }),
          layers.flatten(),
          layers.dense({ units: 8, activation: 'relu' }),
          layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
      seed,
    ),
};

function dense(sizes: readonly number[], seed: number): LayersModel {
  return randomWeights(
    sequential({
      layers: sizes.slice(1).map((units, n) =>
        layers.dense({
          units,
          activation: n < sizes.length - 2 ? 'relu' : 'linear',
          ...(n === 0 && { inputShape: [sizes[0]!] }),
        }),
      ),
    }),
    seed,
  );
}

/** The shape of a model's inputs. */
export function shapeOf(model: LayersModel): number[] {
  return model.inputs[0]!.shape.slice(1) as number[];
}

/** `count` points whose entries are uniform in [0, 1]. */
export function cloud(count: number, shape: readonly number[], seed: number | string): tf.Tensor {
  const rng = createRng(seed);
  const size = tf.util.sizeFromShape([...shape]);
  return tf.tensor(
    Float32Array.from({ length: count * size }, () => rng.uniform()),
    [count, ...shape],
  );
}

/** A vector of length `length` in a random direction. */
export function randomStep(size: number, length: number, rng: Rng): Float64Array {
  const step = Float64Array.from({ length: size }, () => rng.normal());
  const norm = Math.hypot(...step);
  return step.map((value) => (length * value) / norm);
}

/** Confidences at flat float64 points. */
export async function confidencesAt(
  model: GuaranteedClassifier,
  points: readonly ArrayLike<number>[],
): Promise<Float64Array> {
  const x = tf.tensor(Float32Array.from(points.flatMap((point) => Array.from(point))), [
    points.length,
    ...model.inputShape,
  ]);
  return confidences(model, x).finally(() => x.dispose());
}

/** How near float32 points are to where they should be, relative to their size. */
const FLOAT32 = 1 - 1e-6;

/**
 * Looks for a point whose confidence exceeds `confidenceBound`: on random rays through random centres of balls, at
 * random points of the balls and by projected gradient ascent inside them. Returns the smallest bound.
 */
export async function attackBound(model: GuaranteedClassifier, seed: number): Promise<number> {
  const rng = createRng(`balls ${seed}`);
  const size = model.centre.length;
  let least = 1;
  for (const distance of [0, 0.3, 3, 1e3, 1e8, 1e18])
    for (const share of [0, 1e-4, 0.1, 0.9]) {
      const radius = share * Math.max(distance, 0.1);
      const away = randomStep(size, distance, rng);
      const middle = Float32Array.from(model.centre, (c, j) => c + away[j]!);
      const x = tf.tensor(middle, [1, ...model.inputShape]);
      const [bound] = await model.confidenceBound(x, radius);
      least = Math.min(least, bound!);
      const points = Array.from({ length: 20 }, () => {
        const step = randomStep(size, FLOAT32 * radius * Math.sqrt(rng.uniform()), rng);
        return middle.map((value, j) => value + step[j]!);
      });
      const found = [...(await confidencesAt(model, [middle, ...points]))];
      if (radius > 0) found.push(await climbed(model, x, FLOAT32 * radius, seed));
      for (const confidence of found) expect(confidence).toBeLessThanOrEqual(bound!);
      x.dispose();
    }
  return least;
}

/** The largest confidence that gradient ascent finds in a Euclidean ball. */
async function climbed(model: GuaranteedClassifier, x: tf.Tensor, radius: number, seed: number): Promise<number> {
  const { adversarial, objective } = pgdL2(model, x, {
    epsilon: radius,
    stepSize: radius / 4,
    steps: 8,
    bounds: [-1e30, 1e30],
    seed,
  });
  const [confidence] = await confidences(model, adversarial);
  tf.dispose([adversarial, objective]);
  return confidence!;
}

/** Looks for a confidence above 1/K + epsilon beyond `farAwayRadius(epsilon)`, on random rays up to 1e30. */
export async function attackRadius(model: GuaranteedClassifier, epsilon: number, seed: number): Promise<void> {
  const rng = createRng(`far ${seed}`);
  const radius = model.farAwayRadius(epsilon);
  expect(radius).toBeLessThan(1e25);
  const points = [1 + 1e-6, 1.1, 2, 10, 1e3, 1e6].map((factor) => factor * radius);
  const far = [...points, 1e12, 1e18, 1e24, 1e30].filter((distance) => distance >= radius && distance < 1e36);
  for (const distance of far) {
    const there = Array.from({ length: 20 }, () => {
      const step = randomStep(model.centre.length, distance, rng);
      return model.centre.map((c, j) => c + step[j]!);
    });
    const most = Math.max(...(await confidencesAt(model, there)));
    expect(most).toBeLessThanOrEqual(1 / model.classes + epsilon);
  }
}

/** The gradient of a weighted sum of logits, by central differences and by the tape. */
export async function compareGradients(model: GuaranteedClassifier, x: tf.Tensor): Promise<void> {
  const weights = Float32Array.from({ length: model.classes }, (_, k) => Math.sin(k + 1));
  const value = (z: tf.Tensor) => tf.sum(tf.mul(model.logits(z), tf.tensor1d(weights)));
  const taped = tf.tidy(() => tf.grad(value)(x));
  const got = await taped.data();
  const flat = await x.data();
  const h = 2 ** -8;
  for (let j = 0; j < x.size; j++) {
    const moved = (by: number) =>
      tf.tidy(() =>
        value(
          tf.tensor(
            flat.map((v, i) => (i === j ? v + by : v)),
            x.shape,
          ),
        ),
      );
    const [up, down] = [moved(h), moved(-h)];
    const slope = ((await up.data())[0]! - (await down.data())[0]!) / (2 * h);
    tf.dispose([up, down]);
    expect(Math.abs(slope - got[j]!)).toBeLessThan(0.01 * (1 + Math.abs(slope)));
  }
  taped.dispose();
}

/** Evaluates a wrapper as any classifier, attack included, with nothing left behind; y are the classes that it predicts for x. */
export async function expectEvaluates(safe: GuaranteedClassifier, x: tf.Tensor, y: tf.Tensor1D): Promise<void> {
  const report = await expectNoLeak(() =>
    evaluateOod(safe, {
      in: { x, y },
      noise: { uniform: (images, rng) => tf.tidy(() => tf.mul(images, rng.uniform())) },
      adversarialNoise: { steps: 3, samples: 5, start: (images) => tf.clone(images) },
      adversarialSamples: false,
    }),
  );
  expect(report.testError).toBe(0);
}
