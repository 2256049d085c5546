import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lpOut } from '../../src/losses';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { onBackend } from '../support/onBackend';
import { hasPaperModels, loadPaperModel, type Method, paperImages, paperReference } from '../support/paperModels';
import { numbers } from './naiveNetwork';

const TOLERANCE = 1e-4;

interface Asked {
  readonly method: Method;
  /** How many images are compared by their logits, and how many of these by their gradients too. */
  readonly images: number;
  readonly gradients: number;
}

function largestDifference(got: readonly number[], want: readonly number[]): number {
  expect(got.length).toBe(want.length);
  return Math.max(...got.map((value, i) => Math.abs(value - want[i]!)));
}

async function compare({ method, images, gradients }: Asked): Promise<void> {
  const { logits, gradient_of_max_log_p } = await paperReference(method);
  const x = tf.tensor4d(await paperImages(images), [images, 32, 32, 3]);
  const model = await loadPaperModel(method);
  const forward = (some: tf.Tensor) => model.predict(some) as tf.Tensor2D;
  const got = tf.tidy(() => numbers(forward(x)));
  expect(largestDifference(got, logits.slice(0, images).flat())).toBeLessThan(TOLERANCE);
  if (gradients > 0) {
    const objective = (some: tf.Tensor) => tf.sum(lpOut(forward(some)));
    const slopes = tf.tidy(() => numbers(tf.grad(objective)(tf.slice(x, 0, gradients))));
    expect(largestDifference(slopes, gradient_of_max_log_p.slice(0, gradients).flat(3))).toBeLessThan(TOLERANCE);
  }
  x.dispose();
  model.dispose();
}

describe.skipIf(!hasPaperModels)("the authors' CIFAR-10 networks agree with the float64 reference to 1e-4", () => {
  it.each(['plain', 'ceda', 'acet'] as const)('%s on wasm: 16 images, gradients of two', async (method) => {
    await onBackend('wasm', async () => {
      enableWasmTraining();
      await expectNoLeak(() => compare({ method, images: 16, gradients: 2 }));
      disableWasmTraining();
    });
  });

  // A gradient on the cpu backend takes a quarter of a minute: that it is the one of wasm is tested on a smaller network of the kind.
  it.each(['plain', 'ceda', 'acet'] as const)('%s on cpu: 2 images', async (method) => {
    await expectNoLeak(() => compare({ method, images: 2, gradients: 0 }));
  });
});
