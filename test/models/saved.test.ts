import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { lenet, mlp, resnetSmall } from '../../src/models';
import { numbers } from './naiveNetwork';

const SCRIPT = fileURLToPath(new URL('fixtures/loadPlain.mjs', import.meta.url));

/** What `model.save` writes, as text. */
async function saved(model: LayersModel): Promise<string> {
  let text = '';
  await model.save(
    tf.io.withSaveHandler(async ({ weightData, ...artifacts }) => {
      text = JSON.stringify({ ...artifacts, weightData: Buffer.from(weightData as ArrayBuffer).toString('base64') });
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  return text;
}

describe('a saved model', () => {
  it.each([
    ['lenet', () => lenet({ inputShape: [4, 4, 1], classes: 2, seed: 1 })],
    ['resnetSmall', () => resnetSmall({ inputShape: [4, 4, 1], classes: 2, seed: 1 })],
    ['mlp', () => mlp({ inputShape: [2, 3], hidden: [5], classes: 2, seed: 1 })],
  ])('is loaded by a process that has tfjs but not this library: %s', async (_, build) => {
    const folder = await mkdtemp(join(tmpdir(), 'saved-'));
    const model = build();
    try {
      const file = join(folder, 'model.json');
      await writeFile(file, await saved(model));
      const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, file]);
      const [, ...shape] = model.inputs[0]!.shape as number[];
      const want = tf.tidy(() => numbers(model.predict(tf.ones([1, ...shape])) as tf.Tensor));
      expect(JSON.parse(stdout)).toEqual(want);
    } finally {
      model.dispose();
      await rm(folder, { recursive: true });
    }
  });
});
