import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';

/** Switches to the wasm backend, without the banner that tfjs prints in Node. */
export async function useWasm(): Promise<void> {
  tf.env().set('PROD', true);
  await tf.setBackend('wasm');
  await tf.ready();
}
