import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import {
  auroc,
  bootstrapInterval,
  fit,
  guaranteedAuroc,
  logOdds,
  maxConfidenceAttack,
  type NoiseSampler,
  type Rng,
  uniformNoise,
} from 'relu-overconfidence';
import { resize, toGray } from 'relu-overconfidence/datasets';
import { type JointDiscriminator, jointDiscriminator, restoreGuarantee } from 'relu-overconfidence/guarantees';
import { loadModel, saveModel } from 'relu-overconfidence/models';
import { kept } from '../paper/kept';
import { loadFirst, loadLabelled, toTensor } from '../paper/loadFirst';
import { progressBar } from '../support/progressBar';

/** The radius of GOOD's and of the paper's tables for MNIST. */
const EPSILON = 0.3;
const EPOCHS = { classifier: 5, discriminator: 4 };
/** Images of each set that are bounded; of them so many are attacked. */
const [BOUNDED, ATTACKED] = [1000, 200];
const STEPS = 200;

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

/**
 * The table of GOOD (NeurIPS 2020) for MNIST with a joint classifier: a plain network, and beside it a discriminator that provably
 * says "not a digit" in whole balls around natural photographs. Neither sees a set that it is measured on.
 */
export async function mnist({ data, output }: { readonly data: string; readonly output: string }): Promise<void> {
  const train = (await loadLabelled(data, [['mnist', 'train', 'MNIST']])).data;
  const test = (await loadLabelled(data, [['mnist', 'test', 'MNIST']])).data;
  const photographs = toTensor(await grayPhotographs(data));
  const model = await trainedOnce(join(output, 'models', 'mnist-plain'), train);
  const safe = await joinedOnce(join(output, 'mnist-discriminator.json'), model, train.x, photographs);
  const wrong = tf.tidy(() => tf.mean(tf.notEqual(tf.argMax(safe.logits(test.x), 1), test.y)).arraySync() as number);
  const inScores = await logOdds(safe, tf.slice(test.x, 0, 10 * BOUNDED));
  const settings = { EPSILON, EPOCHS, BOUNDED, ATTACKED, STEPS };
  const rows: [string, Columns][] = [];
  for (const [title, x] of await outSets(data)) {
    const file = join(output, `mnist-${title.replaceAll(/\W+/g, '-').toLowerCase()}.json`);
    rows.push([title, await kept(file, settings, () => measure(safe, x, inScores))]);
  }
  const text = [
    '| against | images | AUC | AAUC | GAUC | 95 % |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    ...rows.map(([title, { images, auc, aauc, gauc, interval }]) => {
      const percent = (value: number) => (100 * value).toFixed(1);
      return `| ${[title, images, ...[auc, aauc, gauc].map(percent), interval.map(percent).join(' to ')].join(' | ')} |`;
    }),
    '',
    `Test error ${(100 * wrong).toFixed(2)} % on ${test.x.shape[0]} digits, the same with and without the discriminator. L-infinity balls of radius ${EPSILON}; ${ATTACKED} images of each set attacked (maxConfidenceAttack, ${STEPS} steps).`,
  ].join('\n');
  await writeFile(join(output, 'mnist.md'), `${text}\n`);
  console.log(`\n${text}`);
}

async function measure(safe: JointDiscriminator, x: tf.Tensor, inScores: ArrayLike<number>): Promise<Columns> {
  const bounds = await safe.linfConfidenceBound(x, EPSILON);
  const upper = bounds.map((bound) => Math.log(bound / (1 - bound)));
  const seen = tf.slice(x, 0, Math.min(ATTACKED, x.shape[0]!));
  const { adversarial, objective } = maxConfidenceAttack(safe, seen, { epsilon: EPSILON, steps: STEPS, seed: 1 });
  const attacked = await logOdds(safe, adversarial);
  for (const [i, score] of attacked.entries())
    if (score > upper[i]! + 1e-4) throw new Error(`The bound of image ${i} does not hold: ${score} > ${upper[i]}.`);
  const clean = await logOdds(safe, x);
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

/** Sets of which nothing was seen in training, as far as they are in the folder. */
async function outSets(folder: string): Promise<[string, tf.Tensor][]> {
  const found: [string, tf.Tensor][] = [];
  for (const [name, part, title] of [
    ['fashion-mnist', 'test', 'Fashion-MNIST'],
    ['notmnist', 'test', 'notMNIST'],
    ['omniglot28', 'test', 'Omniglot'],
  ] as const) {
    const set = await loadFirst(folder, [[name, part, title]]);
    if (set === undefined) console.error(`*** LEFT OUT: ${title} is not in ${folder}.`);
    else found.push([title, tf.slice(toTensor(set.images), 0, BOUNDED)]);
  }
  return [...found, ['uniform noise', uniformNoise([BOUNDED, 28, 28, 1], { seed: 1 })]];
}

/** Natural photographs of 28 x 28 gray pixels: what stands for everything that is no digit. */
async function grayPhotographs(folder: string) {
  const found = await loadFirst(folder, [
    ['cifar10', 'train', 'CIFAR-10'],
    ['cifar10', 'test-jpeg', 'CIFAR-10 (decoded JPEG)'],
  ]);
  if (found === undefined)
    throw new Error(`${folder} holds no CIFAR-10, whose photographs stand for what is no digit.`);
  return toGray(resize(found.images, { height: 28, width: 28 }));
}

/** A network trained on the digits, the first time, and kept. */
async function trainedOnce(
  folder: string,
  train: { readonly x: tf.Tensor; readonly y: tf.Tensor },
): Promise<LayersModel> {
  const there = await access(join(folder, 'model.json')).then(
    () => true,
    () => false,
  );
  if (!there) {
    const model = network();
    const optimizer = tf.train.adam(1e-3);
    const { classifier: epochs } = EPOCHS;
    await fit(model, train, { method: 'plain', epochs, optimizer, seed: 1, onStep: progressBar('train plain') });
    await saveModel(model, folder);
  }
  return (await loadModel(folder)).model as LayersModel;
}

/** The discriminator around the network, trained the first time, and kept. */
async function joinedOnce(
  file: string,
  model: LayersModel,
  x: tf.Tensor,
  photographs: tf.Tensor4D,
): Promise<JointDiscriminator> {
  const saved = await readFile(file, 'utf8').catch(() => undefined);
  if (saved !== undefined) return (await restoreGuarantee(model, JSON.parse(saved))) as JointDiscriminator;
  const safe = await jointDiscriminator(model, x, {
    epochs: EPOCHS.discriminator,
    epsilon: EPSILON,
    features: features(),
    noise: notDigits(photographs),
    biasShift: 0,
    seed: 1,
    onProgress: progressBar('train discriminator'),
  });
  await writeFile(file, JSON.stringify(safe.save()));
  return safe;
}

/**
 * Half of a batch whole photographs, a quarter photographs of which a box or an ellipse is left on black, an eighth uniform noise
 * and an eighth digits in negative.
 */
function notDigits(photographs: tf.Tensor4D): NoiseSampler {
  const choose = (count: number, rng: Rng) =>
    tf.gather(
      photographs,
      tf.tensor1d(
        Int32Array.from({ length: count }, () => rng.integer(photographs.shape[0])),
        'int32',
      ),
    );
  return (digits, rng) =>
    tf.tidy(() => {
      const eighth = Math.floor(digits.shape[0]! / 8);
      const cut = tf.mul(choose(2 * eighth, rng), shapes(2 * eighth, rng));
      const negative = tf.sub(1, tf.slice(digits, 0, eighth));
      const noise = uniformNoise([eighth, 28, 28, 1], { rng });
      return tf.concat([choose(digits.shape[0]! - 4 * eighth, rng), cut, noise, negative] as tf.Tensor4D[], 0);
    });
}

/** Boxes and ellipses of ones on zeros, anywhere and of any size. */
function shapes(count: number, rng: Rng): tf.Tensor4D {
  const pixels = new Float32Array(count * 28 * 28);
  for (let i = 0; i < count; i++) {
    const [x, y] = [9 + 10 * rng.uniform(), 9 + 10 * rng.uniform()];
    const [width, height] = [4 + 10 * rng.uniform(), 4 + 10 * rng.uniform()];
    const isBox = rng.uniform() < 0.5;
    for (let p = 0; p < 28 * 28; p++) {
      const [dx, dy] = [((p % 28) - x) / width, (Math.floor(p / 28) - y) / height];
      const distance = isBox ? Math.max(Math.abs(dx), Math.abs(dy)) : Math.hypot(dx, dy);
      if (distance < 1) pixels[i * 28 * 28 + p] = 1;
    }
  }
  return tf.tensor4d(pixels, [count, 28, 28, 1]);
}

const relu = (seed: number) => ({ activation: 'relu' as const, kernelInitializer: initializers.heNormal({ seed }) });

function network(): LayersModel {
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 32, kernelSize: 5, strides: 2, padding: 'same', ...relu(1) }),
      layers.conv2d({ filters: 64, kernelSize: 3, padding: 'same', ...relu(2) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 128, ...relu(3) }),
      layers.dense({ units: 10, kernelInitializer: initializers.heNormal({ seed: 4 }) }),
    ],
  });
}

/** What the discriminator looks at. */
function features(): LayersModel {
  const convolution = { kernelSize: 4, strides: 2, padding: 'same' as const };
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 16, ...convolution, ...relu(5) }),
      layers.conv2d({ filters: 32, ...convolution, ...relu(6) }),
      layers.flatten(),
      layers.dense({ units: 64, ...relu(7) }),
    ],
  });
}
