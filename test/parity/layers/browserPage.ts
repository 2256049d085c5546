/** The page that checks layers on webgl. */
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { LAYER_CASES } from './cases';
import { verdictInWords } from './check';

declare global {
  /** What the gradient of every case is worth on webgl, in their order. */
  var checkLayers: () => Promise<readonly string[]>;
}

globalThis.checkLayers = async () => {
  await tf.setBackend('webgl');
  return LAYER_CASES.map(verdictInWords);
};
