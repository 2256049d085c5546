import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { enableWasmTraining } from 'relu-overconfidence/wasm';

/** Switches to the wasm backend, ready to train, without the banner that tfjs prints in Node. */
export async function useWasm(): Promise<void> {
  tf.env().set('PROD', true);
  await tf.setBackend('wasm');
  enableWasmTraining();
}
