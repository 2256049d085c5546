import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  evaluateOod,
  fineTune,
  type LabelledData,
  type OodDetector,
  OverconfidenceError,
  uniformNoise,
} from 'relu-overconfidence';
import { type DatasetName, loadDataset, unitPixels } from 'relu-overconfidence/datasets';
import { attackTarget, type DetectorKind, fitDetector } from 'relu-overconfidence/detectors';
import { loadModel, saveModel } from 'relu-overconfidence/models';
import { loadCheckpoint } from '../paper/checkpoint';
import { kept } from '../paper/kept';
import { useWasm } from '../support/useWasm';
import { writeSection } from './writeSection';

/** `npx tsx examples/unknown/attacked.ts`: what scores are worth once an attack raises them, for docs/unknown.md; see README.md. */
const {
  RELU_WILD = '../shared/wild-models',
  RELU_MODELS = '../shared/paper-models',
  RELU_DATA = '../shared/data',
} = process.env;
const OUTPUT = new URL('output/', import.meta.url).pathname;

const KINDS: readonly DetectorKind[] = [
  'max-softmax',
  'max-logit',
  'energy',
  'generalized-entropy',
  'temperature',
  'knn',
  'mean-knn',
  'mahalanobis',
  'relative-mahalanobis',
  'vim',
  'react',
  'ash',
  'scale',
  'fdbd',
  'nnguide',
  'she',
];
const [EPSILON, UPDATES, NOISE] = [0.1, 400, 'uniform noise'];

/** Two networks for one task, the second trained against adversarial noise, and what they are measured on. */
interface Study {
  readonly title: string;
  readonly networks: Readonly<Record<string, () => Promise<LayersModel>>>;
  readonly fit: readonly [DatasetName, string];
  readonly test: readonly [DatasetName, string];
  readonly out: { readonly name: string; readonly from: readonly [DatasetName, string] };
  /** Images: to fit, of the task, and of what is attacked; and steps of the attack. */
  readonly counts: { readonly fit: number; readonly in: number; readonly out: number; readonly steps: number };
}

const STUDIES: readonly Study[] = [
  {
    title: 'digits-cnn-batchnorm',
    networks: { plain: publishedDigits, ACET: fineTunedDigits },
    fit: ['mnist', 'train'],
    test: ['mnist', 'test'],
    out: { name: 'Fashion-MNIST', from: ['fashion-mnist', 'test'] },
    counts: { fit: 500, in: 300, out: 40, steps: 20 },
  },
  {
    title: 'cifar10',
    networks: { plain: () => loadCheckpoint(RELU_MODELS, 'plain'), ACET: () => loadCheckpoint(RELU_MODELS, 'acet') },
    fit: ['cifar10', 'train-lossless4000'],
    test: ['cifar10', 'test-exact1017'],
    out: { name: 'SVHN', from: ['svhn', 'train-exact1083'] },
    counts: { fit: 200, in: 100, out: 10, steps: 10 },
  },
];

/** AUROC of a score against images as they are, and after the attack where it has a gradient. */
interface Cell {
  readonly clean: number | null;
  readonly attacked: number | null;
  readonly reason: string | null;
}
type Rows = Readonly<Record<string, Readonly<Record<string, Cell>>>>;

await useWasm();
const tables: string[] = [];
for (const study of STUDIES) {
  const where = study.title === 'cifar10' ? join(RELU_MODELS, 'cifar10-plain') : join(RELU_WILD, study.title);
  if (!existsSync(where)) console.error(`*** LEFT OUT: ${where} is not here. ***`);
  else tables.push(await tableOf(study));
  console.log(tables.at(-1) ?? '');
}
if (tables.length === STUDIES.length)
  await writeSection(
    'Under attack',
    [
      `Written by \`npx tsx examples/unknown/attacked.ts\` with \`evaluateOod\`: AUROC of every score against images as they are, and after an attack on the score itself (\`pgdLinf\`, epsilon ${EPSILON}). Each is of a network as it was trained, and of one that ACET has trained: of \`digits-cnn-batchnorm\` by ${UPDATES} updates of \`fineTune\` with \`lambda\` 1 and 64 examples, of CIFAR-10 the paper's authors' own. A dash: there is no gradient to attack by.`,
      ...tables,
    ].join('\n\n'),
  );
else console.error('*** docs/unknown.md is left as it was. ***');

async function tableOf({ title, networks, counts, out, fit, test }: Study): Promise<string> {
  const [train, own] = [await images(fit, counts.fit), await images(test, counts.in)];
  const others = {
    [out.name]: (await images(out.from, counts.out)).x,
    [NOISE]: uniformNoise([counts.out, ...train.x.shape.slice(1)], { seed: 1 }),
  };
  const results: Record<string, Rows> = {};
  for (const [name, load] of Object.entries(networks)) {
    const settings = { epsilon: EPSILON, counts, updates: UPDATES, out: out.from, kinds: KINDS };
    results[name] = await kept(join(OUTPUT, `attacked-${title}-${name}.json`), settings, async () => {
      const model = await load();
      const began = process.cpuUsage();
      const rows = await rowsOf(model, train, own, others, counts.steps);
      const { user, system } = process.cpuUsage(began);
      console.log(`${title}, ${name}: ${((user + system) / 1e6).toFixed(0)} s of CPU`);
      model.dispose();
      return rows;
    });
  }
  tf.dispose([train.x, train.y, own.x, own.y, ...Object.values(others)]);
  const sets = Object.keys(others);
  const head = sets.flatMap((set) => Object.keys(networks).map((name) => `${set}, ${name}`));
  const lines = KINDS.map((kind) => {
    const cells = sets.flatMap((set) =>
      Object.values(results).map((rows) => {
        const { clean, attacked } = rows[set]![kind]!;
        return [clean, attacked].map((value) => value?.toFixed(3) ?? '—').join(' → ');
      }),
    );
    return `| \`${kind}\` | ${cells.join(' | ')} |`;
  });
  return [
    `### ${title} attacked`,
    `${counts.in} images of the task against ${counts.out} of each set, ${counts.steps} steps, each score fitted on ${counts.fit} training images.`,
    '',
    `| score | ${head.join(' | ')} |`,
    `| --- |${' --- |'.repeat(head.length)}`,
    ...lines,
  ].join('\n');
}

async function rowsOf(
  model: LayersModel,
  train: LabelledData,
  own: LabelledData,
  out: Readonly<Record<string, tf.Tensor>>,
  steps: number,
): Promise<Rows> {
  const detectors: Record<string, OodDetector> = {};
  for (const kind of KINDS) {
    const detector = await fitDetector(kind, model, train);
    const target = targetOf(() => attackTarget(detector, model));
    detectors[kind] = { score: detector.score, ...(target && { target }) };
  }
  const { rows } = await evaluateOod(model, {
    in: own,
    out,
    detectors,
    adversarialNoise: false,
    adversarialSamples: false,
    attackedOut: { epsilon: EPSILON, steps },
    seed: 1,
  });
  return Object.fromEntries(
    rows
      .filter(({ name }) => name in out)
      .map((row) => [
        row.name,
        Object.fromEntries(
          Object.entries(row.detectors!).map(([kind, { auroc: clean, attackedAuroc: attacked, reason }]) => [
            kind,
            { clean, attacked, reason },
          ]),
        ),
      ]),
  );
}

/** What an attack follows; undefined of a score that has no gradient here. */
function targetOf(make: () => ReturnType<typeof attackTarget>) {
  try {
    return make();
  } catch (error) {
    if (error instanceof OverconfidenceError && error.code === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}

/** The first images of a part of a data set, with labels where it has any. */
async function images([name, part]: readonly [DatasetName, string], count: number) {
  const { shape, ...set } = await loadDataset(RELU_DATA, name, { part, labels: 'optional' });
  const [, height, width, channels] = shape;
  const values = unitPixels({ shape, ...set }).subarray(0, count * height * width * channels);
  const labels = set.labels?.subarray(0, count) ?? new Int32Array(count);
  return { x: tf.tensor4d(values, [count, height, width, channels]), y: tf.tensor1d(labels, 'int32') };
}

async function publishedDigits(): Promise<LayersModel> {
  return (await loadModel(join(RELU_WILD, 'digits-cnn-batchnorm'))).model as LayersModel;
}

/** The same after `fineTune`; made once, and kept. */
async function fineTunedDigits(): Promise<LayersModel> {
  const folder = join(OUTPUT, 'digits-acet');
  if (existsSync(join(folder, 'model.json'))) return (await loadModel(folder)).model as LayersModel;
  const model = await publishedDigits();
  const train = await images(['mnist', 'train'], 60_000);
  const checkpoint = join(OUTPUT, 'digits-acet.checkpoint');
  const settings = { lambda: 1, batchSize: 64, updates: UPDATES, seed: 1, checkpoint };
  const { outcome, before, after } = await fineTune(model, train, settings);
  console.log(`ACET: ${outcome}`, before, after);
  tf.dispose([train.x, train.y]);
  if (outcome !== 'improved') throw new Error(`Fine-tuning ended with "${outcome}".`);
  await saveModel(model, folder);
  return model;
}
