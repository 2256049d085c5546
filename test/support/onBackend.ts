import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** Runs `work` on the given backend and goes back to the one before, whatever happens. */
export async function onBackend<T>(name: 'cpu' | 'wasm', work: () => T | Promise<T>): Promise<T> {
  const before = tf.getBackend();
  await tf.setBackend(name);
  try {
    return await work();
  } finally {
    await tf.setBackend(before);
  }
}
