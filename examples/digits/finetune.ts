import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { evaluateOod, type FitOptions, fit, maxConfidenceAttack, uniformCrossEntropy } from 'relu-overconfidence';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { loadDigits } from './digits';
import { EPSILON, trainDigits } from './train';

const ACET: FitOptions = { method: 'acet', epsilon: EPSILON, steps: 5, stepSize: EPSILON / 2.5 };
const STRONGER: FitOptions = { method: 'acet', epsilon: EPSILON, steps: 5, attack: maxConfidenceAttack };
const steady = () => 1;

/** Ways to fine-tune a classifier that is sure of noise already, each of 40 epochs. */
const WAYS: Readonly<Record<string, readonly FitOptions[]>> = {
  'ACET at once': [{ ...ACET, epochs: 40 }],
  'CEDA first': [
    { method: 'ceda', epochs: 10, schedule: steady },
    { ...ACET, epochs: 30 },
  ],
  '`uniformCrossEntropy` first': [
    { ...ACET, epochs: 10, schedule: steady, outLoss: uniformCrossEntropy },
    { ...ACET, epochs: 30 },
  ],
  'the same with `maxConfidenceAttack`': [
    { ...STRONGER, epochs: 10, schedule: steady, outLoss: uniformCrossEntropy },
    { ...STRONGER, epochs: 30 },
  ],
  'CEDA first, epsilon grown in steps': [
    { method: 'ceda', epochs: 5, schedule: steady },
    ...[0.1, 0.15, 0.2, 0.25].map((epsilon) => ({
      ...ACET,
      epochs: 3,
      schedule: steady,
      epsilon,
      stepSize: epsilon / 2.5,
    })),
    { ...ACET, epochs: 23 },
  ],
};

await useWasm();
const digits = await loadDigits();
const plain = await trainDigits('plain', digits);
const weights = plain.getWeights().map((weight) => tf.clone(weight));

console.log(`| way | test error | digits | noise | adversarial noise, radius ${EPSILON} |`);
console.log('|---|--:|--:|--:|--:|');
await printRow('before', plain);
for (const [way, stages] of Object.entries(WAYS)) {
  plain.setWeights(weights);
  for (const stage of stages) {
    const optimizer = tf.train.adam(2e-3);
    await fit(plain, digits.train, { batchSize: 100, seed: 1, ...stage, optimizer, onStep: progressBar(way) });
    optimizer.dispose();
  }
  await printRow(way, plain);
}

async function printRow(name: string, model: LayersModel): Promise<void> {
  const { testError, rows } = await evaluateOod(model, {
    in: digits.test,
    adversarialNoise: { epsilon: EPSILON, attack: maxConfidenceAttack, steps: 50 },
    adversarialSamples: false,
    seed: 1,
  });
  const confidences = rows.map(({ meanMaxConfidence }) => meanMaxConfidence!.toFixed(3));
  console.log(`| ${[name, `${(100 * testError).toFixed(1)} %`, ...confidences].join(' | ')} |`);
}
