import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { createRng } from '../../src/core/rng';
import { onBackend } from '../support/onBackend';

/** An input of a kernel: its shape, and how it is filled. */
export interface Input {
  readonly shape: readonly number[];
  /** Values drawn from few integers, so that windows hold ties. */
  readonly ties?: boolean;
}

/** Seeded values of a given number. */
export function values(count: number, seed: number, ties = false): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: count }, () => (ties ? rng.integer(3) - 1 : rng.normal()));
}

/** Runs one kernel on a backend; leaves no tensor behind, and on wasm no data either. */
export async function runOn(
  backend: 'cpu' | 'wasm',
  kernel: string,
  inputs: Readonly<Record<string, Input>>,
  attrs: object,
  seed: number,
): Promise<{ readonly shape: number[]; readonly data: Float32Array }> {
  return onBackend(backend, async () => {
    const dataIds = tf.backend().numDataIds();
    const tensors = Object.entries(inputs).map(([name, { shape, ties }], i) => {
      const count = tf.util.sizeFromShape([...shape]);
      return [name, tf.tensor(values(count, seed + i, ties), [...shape])] as const;
    });
    const out = tf.engine().runKernel(kernel, Object.fromEntries(tensors), attrs as tf.NamedAttrMap) as tf.Tensor;
    const data = Float32Array.from(await out.data());
    out.dispose();
    for (const [, tensor] of tensors) tensor.dispose();
    expect(tf.backend().numDataIds()).toBe(dataIds);
    return { shape: [...out.shape], data };
  });
}

/** Expects two arrays to agree up to float32 rounding of sums, relative to the largest value. */
export function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance = 2e-6): void {
  expect(got.length).toBe(wanted.length);
  let largest = 1;
  let worst = 0;
  for (let i = 0; i < wanted.length; i++) {
    largest = Math.max(largest, Math.abs(wanted[i]!));
    worst = Math.max(worst, Number.isNaN(got[i]!) ? Number.POSITIVE_INFINITY : Math.abs(got[i]! - wanted[i]!));
  }
  expect(worst / largest).toBeLessThan(tolerance);
}

/** Expects a kernel to give the same on wasm as on the cpu backend. */
export async function expectLikeCpu(
  kernel: string,
  inputs: Readonly<Record<string, Input>>,
  attrs: object,
  seed: number,
  tolerance?: number,
): Promise<void> {
  const wanted = await runOn('cpu', kernel, inputs, attrs, seed);
  const got = await runOn('wasm', kernel, inputs, attrs, seed);
  expect(got.shape).toEqual(wanted.shape);
  expectClose(got.data, wanted.data, tolerance);
}
