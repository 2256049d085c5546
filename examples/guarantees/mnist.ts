import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  auroc,
  bootstrapInterval,
  confidences,
  guaranteedAuroc,
  type LabelledData,
  logOdds,
  maxConfidenceAttack,
  predictions,
  uniformNoise,
} from 'relu-overconfidence';
import { kept } from '../paper/kept';
import { loadFirst, loadLabelled, toTensor } from '../paper/loadFirst';
import { EPSILON, METHODS, type Row } from './mnistMethods';
import { grayPhotographs, notDigits } from './notDigits';

/** Images of each set that are bounded; of them so many are attacked. */
const [BOUNDED, ATTACKED] = [1000, 100];
const STEPS = 200;

/** AUC, attacked AUC and guaranteed AUC, in per cent, against Fashion-MNIST as GOOD's Table 1 has them. */
const PUBLISHED: Readonly<Record<string, string>> = {
  plain: '98.0 / 34.2 / 0',
  ACET: '100.0 / 98.4 / 0',
  CCU: '100.0 / 76.6 / 0',
  GOOD: '100.0 / 96.5 / 78.0',
};
const COMPARED = 'Fashion-MNIST';

/** What is found of a classifier. */
interface Measured {
  readonly testError: number;
  readonly against: Readonly<Record<string, Columns>>;
}

/** What an out-distribution gives, against the same in-distribution images. */
interface Columns {
  readonly auc: number;
  /** Of attacked images: an upper bound of the worst. */
  readonly aauc: number;
  /** Of certified bounds: a lower bound of the worst. */
  readonly gauc: number;
  readonly interval: readonly [number, number];
  readonly images: number;
}

/** Where things are, and which rows are made: those of the methods named. */
export interface MnistSettings {
  readonly data: string;
  readonly output: string;
  readonly methods: readonly string[];
}

/**
 * The table of GOOD (NeurIPS 2020) for MNIST: networks of one shape, each trained in its way, and wrappers around the plain one. All
 * that learn what is no digit learn it from natural photographs and uniform noise.
 */
export async function mnist({ data, output, methods }: MnistSettings): Promise<void> {
  await mkdir(output, { recursive: true });
  const train = (await loadLabelled(data, [['mnist', 'train', 'MNIST']])).data;
  const test = (await loadLabelled(data, [['mnist', 'test', 'MNIST']])).data;
  const making = { train, noise: notDigits(await grayPhotographs(data)), output };
  const sets = await outSets(data);
  const found: Record<string, Measured> = {};
  for (const method of methods) {
    const settings = { EPSILON, BOUNDED, ATTACKED, STEPS, sets: Object.keys(sets) };
    found[method] = await kept(join(output, `mnist-${method.toLowerCase()}.json`), settings, async () =>
      measure(await METHODS[method]!(making), test, sets),
    );
    if (method === 'ProoD') await balls(await METHODS[method]!(making), sets, output);
    // After every method, so that what is there can be read while the next one is trained.
    const text = markdown(found, Object.keys(sets));
    await writeFile(join(output, 'mnist.md'), `${text}\n`);
    console.log(`\n${text}`);
  }
}

async function measure(row: Row, test: LabelledData, sets: Readonly<Record<string, tf.Tensor>>): Promise<Measured> {
  const predicted = await predictions(row.model, test.x);
  const labels = await test.y.data();
  const wrong = predicted.filter((k, i) => k !== labels[i]).length;
  const inScores = await logOdds(row.model, test.x);
  const against: Record<string, Columns> = {};
  for (const [title, x] of Object.entries(sets)) against[title] = await compare(row, x, inScores);
  return { testError: wrong / labels.length, against };
}

async function compare({ model, bounds }: Row, x: tf.Tensor, inScores: ArrayLike<number>): Promise<Columns> {
  const upper = (await bounds(x)).map((bound) => Math.log(bound / (1 - bound)));
  const seen = tf.slice(x, 0, Math.min(ATTACKED, x.shape[0]!));
  const { adversarial, objective } = maxConfidenceAttack(model, seen, { epsilon: EPSILON, steps: STEPS, seed: 1 });
  const attacked = await logOdds(model, adversarial);
  for (const [i, score] of attacked.entries())
    if (score > upper[i]! + 1e-4) throw new Error(`The bound of image ${i} does not hold: ${score} > ${upper[i]}.`);
  const clean = await logOdds(model, x);
  tf.dispose([seen, adversarial, objective]);
  const { lower, upper: high } = bootstrapInterval(guaranteedAuroc, inScores, upper, { seed: 1 });
  return {
    auc: auroc(inScores, clean),
    aauc: auroc(inScores, attacked),
    gauc: guaranteedAuroc(inScores, upper),
    interval: [lower, high],
    images: x.shape[0]!,
  };
}

/** Mean confidences of images as they are and attacked, and the mean bounds on it in the ball of the attack and in the Euclidean one. */
async function balls(row: Row, sets: Readonly<Record<string, tf.Tensor>>, output: string): Promise<void> {
  const mean = (values: Float64Array) => (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);
  const lines: string[][] = [];
  for (const [title, x] of Object.entries(sets)) {
    const seen = tf.slice(x, 0, ATTACKED);
    const { adversarial, objective } = maxConfidenceAttack(row.model, seen, {
      epsilon: EPSILON,
      steps: STEPS,
      seed: 1,
    });
    const [clean, attacked] = [await confidences(row.model, seen), await confidences(row.model, adversarial)];
    const [cube, ball] = [await row.bounds(seen), await row.euclideanBounds!(seen)];
    lines.push([title, ...[clean, attacked, cube, ball].map(mean)]);
    tf.dispose([seen, adversarial, objective]);
  }
  const head = ['images', 'mean confidence', 'attacked', 'bound, L-infinity', 'bound, L2'];
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  const text = [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
  await writeFile(join(output, 'mnist-balls.md'), `${text}\n`);
  console.log(`\n${text}`);
}

/** Sets of which nothing was seen in training, as far as they are in the folder, and noise. */
async function outSets(folder: string): Promise<Record<string, tf.Tensor>> {
  const found: Record<string, tf.Tensor> = {};
  for (const [name, part, title] of [
    ['fashion-mnist', 'test', COMPARED],
    ['notmnist', 'test', 'notMNIST'],
    ['omniglot28', 'test', 'Omniglot'],
  ] as const) {
    const set = await loadFirst(folder, [[name, part, title]]);
    if (set === undefined) console.error(`*** LEFT OUT: ${title} is not in ${folder}.`);
    else found[title] = tf.slice(toTensor(set.images), 0, BOUNDED);
  }
  return { ...found, 'uniform noise': uniformNoise([BOUNDED, 28, 28, 1], { seed: 1 }) };
}

/** One line per set and method. */
function markdown(found: Readonly<Record<string, Measured>>, sets: readonly string[]): string {
  const percent = (value: number) => (100 * value).toFixed(1);
  const head = ['against', 'method', 'accuracy', 'AUC', 'AAUC', 'GAUC', '95 %', 'published'];
  const lines = sets.flatMap((set) =>
    Object.entries(found).map(([method, { testError, against }]) => {
      const { auc, aauc, gauc, interval } = against[set]!;
      const published = set === COMPARED ? (PUBLISHED[method] ?? '') : '';
      const accuracy = (100 * (1 - testError)).toFixed(2);
      return [set, method, accuracy, ...[auc, aauc, gauc].map(percent), interval.map(percent).join(' to '), published];
    }),
  );
  return [head, head.map((_, i) => (i < 2 ? '---' : '---:')), ...lines]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}
