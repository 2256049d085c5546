import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lpOut } from '../../src/losses';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { onBackend } from '../support/onBackend';
import { hasPaperModels, loadPaperModel, PAPER_METHODS, paperImages, paperReference } from '../support/paperModels';
import { numbers } from './naiveNetwork';

const TOLERANCE = 1e-4;

/** The tfjs cpu backend takes seconds where wasm takes milliseconds, so it is asked for fewer images. */
const CASES = [
  { backend: 'wasm', images: 16, gradients: 2 },
  { backend: 'cpu', images: 1, gradients: 1 },
] as const;

function largestDifference(got: readonly number[], want: readonly number[]): number {
  expect(got.length).toBe(want.length);
  return Math.max(...got.map((value, i) => Math.abs(value - want[i]!)));
}

describe.skipIf(!hasPaperModels).each(CASES)(
  "the authors' CIFAR-10 networks on $backend",
  ({ backend, images, gradients }) => {
    it.each(PAPER_METHODS)(
      '%s: logits and input gradients agree with the float64 reference to 1e-4',
      async (method) => {
        const { logits, gradient_of_max_log_p } = await paperReference(method);
        const pixels = await paperImages(images);
        await onBackend(backend, () =>
          expectNoLeak(async () => {
            if (backend === 'wasm') enableWasmTraining();
            const model = await loadPaperModel(method);
            const forward = (x: tf.Tensor) => model.predict(x) as tf.Tensor2D;
            const x = tf.tensor4d(pixels, [images, 32, 32, 3]);
            const got = tf.tidy(() => numbers(forward(x)));
            expect(largestDifference(got, logits.slice(0, images).flat())).toBeLessThan(TOLERANCE);
            const slopes = tf.tidy(() =>
              numbers(tf.grad((some: tf.Tensor) => tf.sum(lpOut(forward(some))))(tf.slice(x, 0, gradients))),
            );
            expect(largestDifference(slopes, gradient_of_max_log_p.slice(0, gradients).flat(3))).toBeLessThan(
              TOLERANCE,
            );
            x.dispose();
            model.dispose();
            if (backend === 'wasm') disableWasmTraining();
          }),
        );
      },
    );
  },
);
