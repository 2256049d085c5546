import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll } from 'vitest';

// The same commit draws the same cases, so that a failure is the doing of a change. `FAST_CHECK_SEED=random npm test`, or a
// number in its place, draws others; so does the campaign.
const { FAST_CHECK_SEED: seed = '181205720' } = process.env;
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });

beforeAll(async () => {
  await tf.setBackend('cpu');
});
