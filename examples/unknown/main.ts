import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { auroc, classifier, confidences, thresholdAtTpr, uniformNoise } from 'relu-overconfidence';
import { type DatasetName, decodeImage, loadDataset } from 'relu-overconfidence/datasets';
import { fitUnknown } from 'relu-overconfidence/detectors';
import { loadModel } from 'relu-overconfidence/models';
import { useWasm } from '../support/useWasm';
import { drawn } from './drawn';
import { writeSection } from './writeSection';

/** `npx tsx examples/unknown/main.ts [NAME...]`: the tables of docs/unknown.md; see README.md. */
const MODELS = process.env.RELU_WILD ?? '../shared/wild-models';
const DATA = process.env.RELU_DATA ?? '../shared/data';

/** A model, and images from 0 to 1 for and against it. */
interface Study {
  readonly model: string;
  /** Where it is, if not among `RELU_WILD`. */
  readonly folder?: string | undefined;
  readonly task: string;
  readonly fit: () => Promise<tf.Tensor4D>;
  readonly sets: Readonly<Record<string, () => Promise<tf.Tensor4D>>>;
}

const photos = async (folder: string): Promise<tf.Tensor4D> => {
  const names = (await readdir(join(DATA, folder), { recursive: true })).filter((name) => name.endsWith('.jpg')).sort();
  const values = new Float32Array(names.length * 224 * 224 * 3);
  for (const [i, name] of names.entries()) {
    const { pixels } = await decodeImage(await readFile(join(DATA, folder, name)), { size: [224, 224] });
    values.set(pixels, i * pixels.length);
  }
  return tf.tensor4d(
    values.map((value) => value / 255),
    [names.length, 224, 224, 3],
  );
};

const dataset = async (name: DatasetName, part: string, count: number, from = 0): Promise<tf.Tensor4D> => {
  const { pixels, shape } = await loadDataset(DATA, name, { part, labels: 'optional' });
  const size = shape[1] * shape[2] * shape[3];
  const values = Float32Array.from(pixels.subarray(from * size, (from + count) * size), (value) => value / 255);
  return tf.tensor4d(values, [count, shape[1], shape[2], shape[3]]);
};

const enlarged = async (): Promise<tf.Tensor4D> => {
  const digits = await dataset('mnist', 'test', 60);
  return tf.tidy(() => tf.tile(tf.image.resizeBilinear(digits, [224, 224]), [1, 1, 1, 3]));
};

const noise = (shape: [number, number, number, number]) => async () => uniformNoise(shape, { seed: 1 }) as tf.Tensor4D;

const plain = { Omniglot: () => dataset('omniglot28', 'test', 500), notMNIST: () => dataset('notmnist', 'test', 500) };

/** Photographs of waste, of other things, and noise. */
const waste = {
  'its own: trash/test': () => photos('photos/trash/test'),
  insects: () => photos('photos/insects'),
  things: () => photos('photos/things'),
  'uniform noise': noise([60, 224, 224, 3]),
};

const studies: readonly Study[] = [
  {
    model: 'teachable-machine-12',
    task: 'photographs of waste, 360 to fit',
    fit: () => photos('photos/trash/train'),
    sets: {
      ...waste,
      ...Object.fromEntries(Object.entries(drawn(224, 3)).map(([name, make]) => [name, async () => make()])),
      'enlarged digits': enlarged,
    },
  },
  {
    model: 'nsfwjs-mobilenet-v2',
    folder: process.env.RELU_NSFWJS,
    task: 'a model for something else as a trunk: photographs of waste, 360 to fit',
    fit: () => photos('photos/trash/train'),
    sets: waste,
  },
  {
    model: 'digits-cnn-batchnorm',
    task: 'MNIST, 1,000 training images to fit',
    fit: () => dataset('mnist', 'train', 1000),
    sets: {
      'its own: MNIST test': () => dataset('mnist', 'test', 1000),
      'Fashion-MNIST': () => dataset('fashion-mnist', 'test', 500),
      ...plain,
      'uniform noise': noise([200, 28, 28, 1]),
    },
  },
  {
    model: 'fashion-mlp',
    task: 'Fashion-MNIST, 1,000 training images to fit',
    fit: () => dataset('fashion-mnist', 'train', 1000),
    sets: {
      'its own: Fashion-MNIST test': () => dataset('fashion-mnist', 'test', 1000),
      MNIST: () => dataset('mnist', 'test', 500),
      ...plain,
      'uniform noise': noise([200, 28, 28, 1]),
    },
  },
];

await useWasm();
const wanted = process.argv.slice(2);
const tables: string[] = [];
for (const study of studies) {
  if (wanted.length > 0 && !wanted.includes(study.model)) continue;
  const folder = study.folder ?? join(MODELS, study.model);
  if (!existsSync(folder)) {
    console.error(`*** LEFT OUT: ${study.model}, for there is no folder ${folder}. ***`);
    tables.push(`\`${study.model}\` is not here, and was left out.`);
    continue;
  }
  const table = await tableOf(study, folder);
  console.log(table);
  tables.push(table);
}
if (wanted.length === 0) {
  const how =
    'Written by `npx tsx examples/unknown/main.ts`. The models are as their makers published them. Each was fitted with `fitUnknown` on images of its task alone, to keep 95 % of them with a certainty of 95 %; beside it the confidence of the model, with a threshold that keeps as many of the images that it was fitted on. AUROC: against images of the task that were not used for fitting.';
  await writeSection('Measured', `${how}\n\n${tables.join('\n\n')}`);
}

async function tableOf({ model: name, task, fit, sets }: Study, folder: string): Promise<string> {
  const { model, bounds = [0, 1], labels } = await loadModel(folder);
  const net = classifier(model, { bounds, ...(labels && { labels }) });
  const read = async (make: () => Promise<tf.Tensor4D>) => {
    const x = await make();
    const seen = tf.tidy(() =>
      tf.reshape(tf.add(tf.mul(x, bounds[1] - bounds[0]), bounds[0]), [x.shape[0], ...net.inputShape]),
    );
    x.dispose();
    return seen;
  };
  const x = await read(fit);
  const began = performance.now();
  const guard = await fitUnknown(net, x, { promise: 'certain', seed: 0, batchSize: 32 });
  const seconds = (performance.now() - began) / 1000;
  const limit = thresholdAtTpr(await confidences(net, x, { batchSize: 32 }), guard.save().threshold.kept);
  x.dispose();
  const rows: string[] = [];
  let own: Awaited<ReturnType<typeof answersOf>> | undefined;
  for (const [set, make] of Object.entries(sets)) {
    const images = await read(make);
    const answers = await answersOf(guard, images);
    own ??= answers;
    const share = (some: readonly boolean[]) => `${((100 * some.filter(Boolean).length) / some.length).toFixed(1)} %`;
    const refused = answers.map(({ label }) => label === 'unknown');
    const unsure = answers.map(({ confidence }) => confidence < limit);
    const area = (of: (answer: (typeof answers)[number]) => number) => auroc(own!.map(of), answers.map(of)).toFixed(3);
    const mean = answers.reduce((sum, { confidence }) => sum + confidence, 0) / answers.length;
    rows.push(
      `| ${[set, answers.length, share(refused), answers === own ? '' : area(({ score }) => score), share(unsure), answers === own ? '' : area(({ confidence }) => confidence), mean.toFixed(3)].join(' | ')} |`,
    );
  }
  const { kind, layer } = guard.detector;
  const { threshold } = guard.save();
  return [
    `### ${name}`,
    `${task[0]!.toUpperCase()}${task.slice(1)}. Chosen: \`${kind}\`${layer === undefined ? '' : ` of \`${layer}\``}, of ${guard.tried.length} tried. Of its own images it keeps ${(100 * threshold.kept).toFixed(1)} %, with 95 % certainty no fewer than ${(100 * threshold.atLeast).toFixed(1)} %. Fitted in ${seconds.toFixed(0)} s on wasm, the load of the machine being ${loadavg()[0]!.toFixed(1)}.`,
    '',
    '| images | n | refused | AUROC | refused by confidence | AUROC of confidence | mean confidence |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

async function answersOf(guard: Awaited<ReturnType<typeof fitUnknown>>, images: tf.Tensor) {
  const answers: Awaited<ReturnType<typeof guard.predict>> = [];
  for (let start = 0; start < images.shape[0]!; start += 32) {
    const part = tf.slice(images, start, Math.min(32, images.shape[0]! - start));
    answers.push(...(await guard.predict(part)));
    part.dispose();
  }
  images.dispose();
  return answers;
}
