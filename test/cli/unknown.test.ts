import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { restoreUnknown } from '../../src/detectors/index';
import { loadModel } from '../../src/models/index';
import { seedWeights } from '../support/smallModels';
import { runCli, scratchFolder } from './runCli';
import { saveLayers } from './savedModels';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);

/** Pictures with a bright square in one of two corners, or of noise alone. */
async function pictures(name: string, count: number, seed: number, noise = false): Promise<void> {
  const rng = createRng(seed);
  for (let i = 0; i < count; i++) {
    const data = new Uint8Array(64).map((_, p) => {
      const [y, x] = [Math.floor(p / 8), p % 8];
      const inside = i % 2 === 0 ? y < 4 && x < 4 : y >= 4 && x >= 4;
      return noise ? rng.integer(256) : (inside ? 180 : 0) + rng.integer(50);
    });
    const into = at(`${name}/${i % 2 === 0 ? 'left' : 'right'}`);
    await mkdir(into, { recursive: true });
    await writeFile(join(into, `${i}.png`), encode({ width: 8, height: 8, channels: 1, data }));
  }
}

beforeAll(async () => {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 1], filters: 6, kernelSize: 3, strides: 2, activation: 'relu' }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'relu' }),
      layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  await saveLayers(seedWeights(model, 3), at('model'));
  await writeFile(at('model/metadata.json'), JSON.stringify({ labels: ['left', 'right'] }));
  await pictures('photos', 60, 1);
  await pictures('noise', 20, 2, true);
  await pictures('more/noise', 1, 3, true);
});

describe('unknown', () => {
  test('writes unknown.json, which works on the model, and a page, and says what would be refused', async () => {
    const args = ['unknown', 'model', '--data', 'photos', '--ood', at('noise'), '--out', 'guard', '--backend', 'cpu'];
    const { code, stdout, stderr } = await runCli(folder, args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('with 95 % certainty no fewer than');
    expect(stdout).toMatch(/\nnoise +100 % +1\.000/);
    expect(stdout).toContain('restoreUnknown(model, saved)');
    const saved = JSON.parse(await readFile(at('guard/unknown.json'), 'utf8'));
    expect(saved.labels).toEqual(['left', 'right']);
    const { model } = await loadModel(at('model'));
    const guard = await restoreUnknown(model as LayersModel, saved);
    const noise = tf.tensor4d(Float32Array.from({ length: 64 }, createRng(9).uniform), [1, 8, 8, 1]);
    expect((await guard.predict(noise))[0]!.label).toBe('unknown');
    const page = await readFile(at('guard/unknown.html'), 'utf8');
    expect(page).toContain('Your photographs nearest to the threshold');
    expect(page).not.toContain('<script');
  });

  test('of a model that computes for long says how long it takes, and ends when it is told to', async () => {
    const convolution = { filters: 256, kernelSize: 3, padding: 'same', activation: 'relu' } as const;
    const model = sequential({
      layers: [
        layers.conv2d({ ...convolution, inputShape: [8, 8, 1] }),
        layers.conv2d(convolution),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
    });
    await saveLayers(seedWeights(model, 3), at('slow'));
    const args = ['unknown', 'slow', '--data', 'photos', '--backend', 'cpu'];
    const { code, stderr } = await runCli(folder, args, (shown, kill) => {
      if (shown.includes('takes')) kill('SIGTERM');
    });
    expect([code, stderr]).toEqual([130, expect.stringMatching(/^This takes about \d+ (seconds|minutes)\.\n/)]);
    // Other images are read before the work, which is not even reckoned if they cannot be.
    const refused = await runCli(folder, [...args, '--ood', 'nowhere']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^error: .*nowhere is not a folder/)]);
  });

  test('says how many photographs it takes where there are too few', async () => {
    await pictures('few', 12, 3);
    const { code, stdout } = await runCli(folder, ['unknown', 'model', '--data', 'few', '--backend', 'cpu']);
    expect(code).toBe(0);
    expect(stdout).toContain('which takes 59 photographs; there are 12');
    expect(JSON.parse(await readFile(at('model/unknown.json'), 'utf8')).threshold.count).toBe(12);
  });

  test.each([
    [['unknown', 'model'], '--data is missing'],
    [['unknown', 'model', '--data', 'nowhere'], 'nowhere is not a folder'],
    [['unknown', 'model', '--data', 'photos', '--ood', 'nowhere'], 'nowhere is not a folder'],
    [['unknown', 'model', '--data', 'photos', '--ood', 'noise', '--ood', 'more/noise'], 'are called noise'],
    [['unknown', 'model', '--data', 'photos', '--keep', '2'], '--keep takes a number from 0.5 to 0.999'],
  ])('ends with 2 for %j', async (args, said) => {
    const { code, stderr } = await runCli(folder, args);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });
});
