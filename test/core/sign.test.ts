import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { sign } from '../../src/core/sign';
import { apgdLinf, maxConfidenceAttack, pgdLinf } from '../../src/index';
import { onBackend } from '../support/onBackend';

const NUMBERS = [
  3,
  -2,
  1e-3,
  -1e-6,
  1e-7,
  -1e-12,
  1e-30,
  -1e-38,
  0,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

describe('sign', () => {
  it.each(['cpu', 'wasm'] as const)('keeps the sign of numbers however small, on %s', async (backend) => {
    const signs = await onBackend(backend, () => Array.from(tf.tidy(() => sign(tf.tensor1d(NUMBERS)).dataSync())));
    expect(signs).toEqual(NUMBERS.map(Math.sign));
  });

  it.each([
    ['pgdLinf', pgdLinf],
    ['apgdLinf', apgdLinf],
    ['maxConfidenceAttack', maxConfidenceAttack],
  ] as const)('lets %s follow gradients of 1e-9 on wasm, to the corner of the ball', async (_, attack) => {
    await onBackend('wasm', () => {
      // Logits that change by 1e-9 per unit of input: only a step along the exact sign arrives.
      const model = (x: tf.Tensor): tf.Tensor2D =>
        tf.matMul(
          x as tf.Tensor2D,
          tf.tensor2d([
            [1e-9, 0],
            [-1e-9, 0],
            [1e-9, 0],
          ]),
        );
      tf.tidy(() => {
        const x = tf.fill([2, 3], 0.5);
        const { adversarial } = attack(model, x, {
          epsilon: 0.25,
          steps: 60,
          seed: 1,
          objective: (logits: tf.Tensor2D) => tf.squeeze<tf.Tensor1D>(tf.slice(logits, [0, 0], [-1, 1]), [1]),
        });
        for (const value of adversarial.dataSync()) expect(Math.abs(value - 0.5)).toBeCloseTo(0.25, 4);
      });
    });
  });
});
