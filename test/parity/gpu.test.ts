import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, inChromium, runInChromium } from './chromium';
import { expectEnvironment, expectRan, expectSameNumbers } from './expectParity';
import type {} from './layers/browserPage';
import { type ParityRun, runComputations } from './runComputations';
import { runNodeWebgpu } from './runNodeWebgpu';
import { onNodeWebgpu, onWebgl, onWebgpu } from './selections';

if (!hasChromium) {
  console.warn(
    '\n*** No Chromium: parity of webgl and webgpu is NOT TESTED. On Debian: apt-get install chromium ***\n',
  );
}

/** Shaders are compiled for a CPU, by one that may be busy. */
const PATIENCE = 600_000;

describe.skipIf(!hasChromium)('backends on a GPU, here imitated by SwiftShader', () => {
  let cpu: ParityRun;
  beforeAll(async () => {
    cpu = await runComputations('cpu', onWebgl);
  }, PATIENCE);
  afterAll(() => tf.setBackend('cpu'));

  test.each([
    ['webgl in Chromium', 'webgl', onWebgl, () => runInChromium('webgl', onWebgl)],
    ['webgpu in Chromium', 'webgpu', onWebgpu, () => runInChromium('webgpu', onWebgpu)],
    ['webgpu in Node', 'webgpu', onNodeWebgpu, () => runNodeWebgpu(onNodeWebgpu)],
  ] as const)(
    '%s gives the numbers of cpu and lacks no kernel',
    async (_, backend, names, start) => {
      const run = await start();
      expectRan(run, names);
      expectSameNumbers(cpu, run);
      expectEnvironment(run, backend);
    },
    PATIENCE,
  );

  test(
    'batch normalisation has right gradients by input and weights over any axis on webgl, the one backend that computes it',
    async () => {
      const verdicts = await inChromium(new URL('./layers/browserPage.ts', import.meta.url), (page) =>
        page.evaluate(() => globalThis.checkLayers('batchNormalization, axis 1')),
      );
      expect(verdicts).toEqual(['ok']);
    },
    PATIENCE,
  );
});
