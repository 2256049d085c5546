import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { evaluate, toPiecewiseAffine } from '../../src/regions';
import { limitAlongRay } from '../../src/regions/limitAlongRay';
import { clipped, clippedPieces } from '../../src/theory/alphaScaling';
import { denseNet } from './nets';

const ray = (net: ReturnType<typeof denseNet>, ...direction: number[]) =>
  limitAlongRay(net, new Float64Array(net.inputSize), Float64Array.from(direction));

describe('limitAlongRay', () => {
  it('takes a unit that stays on its threshold for inactive, as everywhere', () => {
    const net = denseNet(
      { kernel: [[0, 1, 0]], bias: [0, 0, 1] },
      {
        kernel: [
          [1, 0],
          [0, 1],
          [0, 0],
        ],
        bias: [0, 0],
      },
    );
    expect([...ray(net, 1).pattern[1]!]).toEqual([0, 1, 1]);
    expect(ray(net, 1).from).toBe(0);
  });

  it('takes the first of equal members of a window, and among equally steep ones the largest', () => {
    const winner = (kernel: number[], bias: number[]) => {
      const model = sequential({
        layers: [
          layers.dense({ inputShape: [1], units: 3 }),
          layers.reshape({ targetShape: [3, 1, 1] }),
          layers.maxPooling2d({ poolSize: [3, 1] }),
          layers.flatten(),
        ],
      });
      tf.tidy(() => model.setWeights([tf.tensor2d([kernel]), tf.tensor1d(bias)]));
      const net = toPiecewiseAffine(model);
      model.dispose();
      const { pattern, from } = ray(net, 1);
      return [pattern.find((states) => states !== undefined)![0], from];
    };
    expect(winner([1, 1, 1], [2, 2, 2])).toEqual([0, 0]);
    expect(winner([1, 2, 2], [9, 1, 1])).toEqual([1, 8]);
    expect(winner([2, 2, 1], [1, 3, 9])).toEqual([1, 6]);
    expect(winner([0, 0, -1], [1, 1, 5])).toEqual([0, 4]);
  });
});

describe('the network along clip(alpha x)', () => {
  it('keeps no rounding of what lies far behind: large slopes that have cancelled leave nothing', () => {
    // Steep units that die one after the other before x = 1, and flat ones after.
    const count = 480;
    const dying = Array.from({ length: count }, (_, i) => (i + 1) / (count + 1));
    const late = Array.from({ length: 60 }, (_, i) => 1.1 + i / 80);
    const net = denseNet(
      { kernel: [[...dying.map(() => -1), ...late.map(() => -1), 1]], bias: [...dying, ...late, 0] },
      { kernel: [...dying.map((_, i) => [1e10 * (1 + i / 7), 0]), ...late.map(() => [1, 0]), [3, 1]], bias: [0, 0] },
    );
    const pieces = [...clippedPieces(net, Float64Array.of(1), 0, [0, 2])];
    expect(pieces.length).toBeGreaterThan(count);
    for (const piece of pieces.slice(-10)) {
      const t = (piece.from + piece.to) / 2;
      const expected = evaluate(net, clipped(Float64Array.of(1), t, [0, 2]));
      expect(Math.abs(piece.slope[0]! * t + piece.intercept[0]! - expected[0]!)).toBeLessThan(1e-6);
      expect(Math.abs(piece.slope[0]! - Math.round(piece.slope[0]!))).toBeLessThan(1e-6);
    }
  });
});
