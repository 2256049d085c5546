/**
 * Trains the three classifiers of the second tab and writes their weights into `models/`:
 *
 *     npm run build && npx tsx examples/browser/digits/trainModels.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { evaluateOod, fit, formatOodReport, type Method, type OodReport, paperNoise } from 'relu-overconfidence';
import { loadDigits } from '../../digits/digits';
import { progressBar } from '../../support/progressBar';
import { useWasm } from '../../support/useWasm';
import { EPSILON } from './attack';
import { digitNetwork } from './network';

const SETTINGS = { epochs: 40, batchSize: 100, seed: 1, epsilon: EPSILON, steps: 10, stepSize: 0.06 } as const;
const METHODS: readonly Method[] = ['plain', 'ceda', 'acet'];
const FOLDER = new URL('./models/', import.meta.url);

await useWasm();
await mkdir(FOLDER, { recursive: true });
const { train, test } = await loadDigits();
const reports: Record<string, OodReport> = {};
for (const method of METHODS) {
  const model = digitNetwork();
  const optimizer = tf.train.adam(2e-3);
  await fit(model, train, { ...SETTINGS, method, optimizer, onStep: progressBar(`train ${method}`) });
  await writeFile(new URL(`${method}.bin`, FOLDER), await weightBytes(model));
  reports[method] = await evaluateOod(model, {
    in: test,
    noise: { 'paper noise': paperNoise },
    adversarialNoise: { epsilon: EPSILON, steps: 200 },
    seed: 1,
  });
}
console.log(formatOodReport(reports));

/** All weights one after the other as little-endian float32. */
async function weightBytes(model: LayersModel): Promise<Uint8Array> {
  const arrays = await Promise.all(model.getWeights().map((weight) => weight.data()));
  const values = Float32Array.from(arrays.flatMap((array) => [...array]));
  return new Uint8Array(values.buffer);
}
