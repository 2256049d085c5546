import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { confidences, meanMaxConfidence, uniformNoise } from 'relu-overconfidence';
import { evaluate } from 'relu-overconfidence/regions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PadPoint, toPixels } from '../../examples/browser/digits/strokes';
import { readRay } from '../../examples/browser/moons/ray';
import {
  createTrainee,
  disposeTrainee,
  moons,
  readNetwork,
  type Trainee,
  trainOnce,
} from '../../examples/browser/moons/trainee';
import { ticksOf, viewAt } from '../../examples/browser/moons/view';
import { useWasm } from '../../examples/support/useWasm';

const DEFAULTS = { lambda: 1, epsilon: 0.03, steps: 5 };

describe('the networks of the demo page', () => {
  let trainees: { plain: Trainee; acet: Trainee };
  let around: tf.Tensor2D;
  beforeAll(async () => {
    await useWasm();
    trainees = { plain: createTrainee('plain'), acet: createTrainee('acet') };
    const noise = await uniformNoise([300, 2], { seed: 1 }).array();
    const isAround = ([x, y]: number[]) =>
      moons.y.every((_, i) => Math.hypot(x! - moons.x[2 * i]!, y! - moons.x[2 * i + 1]!) > 0.1);
    around = tf.tensor2d((noise as number[][]).filter(isAround));
  });
  afterAll(() => {
    for (const trainee of Object.values(trainees)) disposeTrainee(trainee);
  });

  test('differ after 150 steps with the settings of the page: plain is sure of noise around the moons, ACET is not', async () => {
    const before = tf.memory().numTensors;
    const meanOf = async ({ model }: Trainee) => meanMaxConfidence(await confidences(model, around));
    for (const trainee of Object.values(trainees)) trainOnce(trainee, 0, DEFAULTS);
    const afterFirst = tf.memory().numTensors;
    for (let step = 1; step < 150; step++)
      for (const trainee of Object.values(trainees)) trainOnce(trainee, step, DEFAULTS);
    expect(tf.memory().numTensors).toBe(afterFirst);
    expect(afterFirst).toBeGreaterThan(before);
    expect(await meanOf(trainees.plain)).toBeGreaterThan(0.9);
    expect(await meanOf(trainees.acet)).toBeLessThan(0.7);
  });

  test('have on a ray the confidence that they have at its points, and its limit', async () => {
    const net = await readNetwork(trainees.acet);
    for (const angle of [0.3, 2, 4.5]) {
      const ray = readRay(net, angle);
      for (const distance of [0.1, 0.7, 3, 200]) {
        const logits = evaluate(net, [distance * Math.cos(angle), distance * Math.sin(angle)]);
        const gap = Math.abs(logits[0]! - logits[1]!);
        expect(ray.at(distance)).toBeCloseTo(1 / (1 + Math.exp(-gap)), 9);
      }
      expect(ray.at(1e6)).toBeCloseTo(ray.limit, 9);
    }
  });
});

describe('a drawing', () => {
  const coordinate = fc.double({ min: 0, max: 1, noNaN: true });
  const strokes = fc.array(fc.array(fc.record({ x: coordinate, y: coordinate }), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 3,
  });

  test('gives the same pixels wherever on the pad it is', () => {
    fc.assert(
      fc.property(strokes, fc.integer({ min: -8, max: 8 }), (drawn, eighths) => {
        const moved = drawn.map((stroke) => stroke.map(({ x, y }) => ({ x: x + eighths / 8, y: y - eighths / 8 })));
        const there = toPixels(moved);
        const difference = toPixels(drawn).map((pixel, i) => Math.abs(pixel - there[i]!));
        // A part of a pixel at the very edge of a line may go over.
        expect(Math.max(...difference)).toBeLessThan(0.2);
      }),
      { numRuns: 30 },
    );
  });

  test('of a bar from top to bottom fills two columns in the middle, whatever its length', () => {
    const bar = (length: number): PadPoint[] => [
      { x: 0.3, y: 0.2 },
      { x: 0.3, y: 0.2 + length },
    ];
    const pixels = toPixels([bar(0.7)]);
    expect(toPixels([bar(0.4)])).toEqual(pixels);
    const columns = Array.from({ length: 8 }, (_, column) => pixels.filter((_, i) => i % 8 === column));
    for (const [column, values] of columns.entries()) {
      const sum = values.reduce((a, b) => a + b, 0);
      if (column === 3 || column === 4) expect(sum).toBeGreaterThan(3);
      else expect(sum).toBe(0);
    }
  });
});

describe('the view of the plane', () => {
  test('goes from [0, 1] to [-10, 10] and holds the origin all the way', () => {
    expect(viewAt(0).x).toEqual([0, 1]);
    expect(viewAt(1).y).toEqual([-10, 10]);
    for (let zoom = 0.05; zoom < 1; zoom += 0.05) expect(viewAt(zoom).x[0]).toBeLessThan(0);
  });

  test('has round numbers inside it as ticks', () => {
    expect(ticksOf([0, 1])).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticksOf([-10, 10])).toEqual([-10, -5, 0, 5, 10]);
    expect(ticksOf([-0.13, 1.2])).toEqual([0, 0.5, 1]);
  });
});
