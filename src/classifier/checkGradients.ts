import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';

/** Whether tfjs can differentiate; tfjs-core alone registers no gradients in Node. */
export function gradientsRegistered(): boolean {
  return tf.getGradient('BatchMatMul') !== undefined;
}

/** Refuses when tfjs cannot differentiate, before any work. */
export function checkGradients(fn: string): void {
  if (gradientsRegistered()) return;
  refuse(
    { fn, argument: 'model' },
    'GRADIENTS_NOT_REGISTERED',
    'used with the tfjs gradients registered',
    'an environment without them',
    "Add `import '@tensorflow/tfjs-layers'` (or '@tensorflow/tfjs') before the first use.",
  );
}
