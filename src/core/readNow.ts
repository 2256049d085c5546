import * as tf from '@tensorflow/tfjs-core';

/**
 * The values of a tensor without waiting, or `undefined` on webgpu, which can only be read asynchronously.
 *
 * For checks before work starts and for counters after it ends; never inside a loop.
 */
export function readNow(tensor: tf.Tensor): Float32Array | Int32Array | undefined {
  if (tf.getBackend() === 'webgpu') return undefined;
  return tf.engine().readSync(tensor.dataId) as Float32Array | Int32Array;
}
