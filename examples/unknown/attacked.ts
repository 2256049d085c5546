import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { auroc, classifier, pgdLinf, uniformNoise } from 'relu-overconfidence';
import { type DatasetName, loadDataset, unitPixels } from 'relu-overconfidence/datasets';
import { attackTarget, type DetectorKind, fitDetector } from 'relu-overconfidence/detectors';
import { loadModel } from 'relu-overconfidence/models';
import { useWasm } from '../support/useWasm';

/** `npx tsx examples/unknown/attacked.ts`: what detectors are worth once their own score is attacked, for docs/unknown.md; see README.md. */
const MODELS = process.env.RELU_WILD ?? '../shared/wild-models';
const DATA = process.env.RELU_DATA ?? '../shared/data';
const DOCUMENT = new URL('../../docs/unknown.md', import.meta.url);
const MODEL = 'digits-cnn-batchnorm';
const KINDS: readonly DetectorKind[] = [
  'max-softmax',
  'energy',
  'knn',
  'mean-knn',
  'mahalanobis',
  'vim',
  'react',
  'fdbd',
];
const [FITTED, IN, OUT] = [500, 300, 60];
const [EPSILON, STEPS] = [0.1, 20];

await useWasm();
const images = async (name: DatasetName, part: string, count: number): Promise<tf.Tensor4D> => {
  const set = await loadDataset(DATA, name, { part });
  const [, height, width, channels] = set.shape;
  return tf.tensor4d(unitPixels(set).subarray(0, count * height * width * channels), [count, height, width, channels]);
};
const { model } = await loadModel(join(MODELS, MODEL));
const net = classifier(model);
const [train, test] = [await images('mnist', 'train', FITTED), await images('mnist', 'test', IN)];
const outs = {
  'Fashion-MNIST': await images('fashion-mnist', 'test', OUT),
  'uniform noise': uniformNoise([OUT, 28, 28, 1], { seed: 1 }),
};
const rows: string[] = [];
for (const kind of KINDS) {
  const detector = await fitDetector(kind, net, train);
  const own = await detector.score(test);
  const target = attackTarget(detector, net);
  const cells: string[] = [];
  for (const out of Object.values(outs)) {
    const options = { objective: target.objective, epsilon: EPSILON, steps: STEPS, seed: 1 };
    const attack = pgdLinf(target.model, out, options);
    const [clean, attacked] = [await detector.score(out), await detector.score(attack.adversarial)];
    tf.dispose([attack.adversarial, attack.objective]);
    cells.push(auroc(own, clean).toFixed(3), auroc(own, attacked).toFixed(3));
  }
  rows.push(`| \`${kind}\` | ${cells.join(' | ')} |`);
  console.log(rows.at(-1));
}
const names = Object.keys(outs);
const section = [
  `Written by \`npx tsx examples/unknown/attacked.ts\`: AUROC on \`${MODEL}\`, ${IN} images of MNIST against ${OUT} of each set, clean and after \`pgdLinf\` on the score itself (epsilon ${EPSILON}, ${STEPS} steps), each detector fitted on ${FITTED} training images.`,
  '',
  `| score | ${names.flatMap((name) => [name, `${name}, attacked`]).join(' | ')} |`,
  `| --- |${' --- |'.repeat(2 * names.length)}`,
  ...rows,
].join('\n');
const document = await readFile(DOCUMENT, 'utf8');
const [before, after] = document.split(/## Under attack\n[\s\S]*?(?=## Measured\n)/);
await writeFile(DOCUMENT, `${before}## Under attack\n\n${section}\n\n${after}`);
