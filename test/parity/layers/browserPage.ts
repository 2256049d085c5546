/** The page that checks layers on webgl. */
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { LAYER_CASES } from './cases';
import { verdictInWords } from './check';

declare global {
  /** What the gradient of every case, or of one, such as `batchNormalization, axis 1`, is worth on webgl, in their order. */
  var checkLayers: (name?: string) => Promise<readonly string[]>;
}

globalThis.checkLayers = async (wanted) => {
  await tf.setBackend('webgl');
  return LAYER_CASES.filter(({ layer, use }) => wanted === undefined || `${layer}, ${use}` === wanted).map(
    verdictInWords,
  );
};
