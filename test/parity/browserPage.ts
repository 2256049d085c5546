/** The page that runs the computations in a browser; a test calls `runParity` and takes the outcomes. */
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { runComputations } from './runComputations';

declare global {
  /** Runs every computation on a backend. */
  var runParity: typeof runComputations;
}

globalThis.runParity = runComputations;
