import * as tf from '@tensorflow/tfjs-core';
import { type ImageSet, resize, toGray } from 'relu-overconfidence/datasets';
import { type Choice, loadFirst, toTensor } from './loadFirst';
import type { TrainingSet } from './recipes';

/** What networks are measured on. */
export interface TestSets {
  readonly in: InSet;
  /** Out-distributions by the name of their row. */
  readonly out: Readonly<Record<string, tf.Tensor4D>>;
  /** Which sets these are, in words. */
  readonly names: readonly string[];
}

/** Images of the set that networks were trained on, and their classes where there are labels. */
export interface InSet {
  readonly x: tf.Tensor4D;
  readonly y: tf.Tensor1D | undefined;
}

const CIFAR10: readonly Choice[] = [
  ['cifar10', 'test', 'CIFAR-10'],
  ['cifar10', 'test-exact1017', 'CIFAR-10 (first 1,017 of test)'],
];
const CIFAR100: readonly Choice[] = [
  ['cifar100', 'test', 'CIFAR-100'],
  ['cifar100', 'test-exact148', 'CIFAR-100 (first 148 of test)'],
];
const SVHN: readonly Choice[] = [
  ['svhn', 'test', 'SVHN'],
  ['svhn', 'train-exact1083', 'SVHN (first 1,083 of train)'],
];
const TINY_IMAGENET: readonly Choice[] = [['tiny-imagenet', 'val32-minus', 'Tiny-ImageNet-minus']];

/** The set that networks were trained on. */
export const IN: Readonly<Record<TrainingSet, readonly Choice[]>> = {
  mnist: [['mnist', 'test', 'MNIST']],
  svhn: SVHN,
  cifar10: CIFAR10,
  cifar100: CIFAR100,
};
const OUT: Readonly<Record<TrainingSet, readonly (readonly Choice[])[]>> = {
  mnist: [
    [['fashion-mnist', 'test', 'FashionMNIST']],
    [['emnist', 'letters-test', 'EMNIST']],
    [
      ['cifar10', 'test', 'gray CIFAR-10'],
      ['cifar10', 'test-jpeg', 'gray CIFAR-10 (decoded JPEG)'],
    ],
    [['notmnist', 'test', 'notMNIST']],
    [['omniglot28', 'test', 'Omniglot']],
  ],
  svhn: [CIFAR10, CIFAR100, TINY_IMAGENET],
  cifar10: [CIFAR100, SVHN, TINY_IMAGENET],
  cifar100: [SVHN, CIFAR10, TINY_IMAGENET],
};

/** Loads of every set the first choice that is in the folder; out-distributions that are not there are left out, aloud. */
export async function loadTestSets(folder: string, name: TrainingSet): Promise<TestSets> {
  const { title, ...inSet } = await loadInSet(folder, name);
  const [, ...size] = inSet.x.shape;
  const found: [string, tf.Tensor4D][] = [];
  for (const choices of OUT[name]) {
    const set = await loadFirst(folder, choices);
    if (set === undefined) console.error(`*** LEFT OUT: ${choices[0]![2]} is not in ${folder}.`);
    else found.push([set.title, toTensor(fitTo(size, set.images))]);
  }
  const names = [title, ...found.map((set) => set[0])];
  return { in: inSet, out: Object.fromEntries(found), names };
}

/** The set that networks were trained on, which must be there; the caller owns the tensors. */
export async function loadInSet(folder: string, name: TrainingSet): Promise<InSet & { readonly title: string }> {
  const found = await loadFirst(folder, IN[name]);
  if (found === undefined) throw new Error(`${folder} holds no ${IN[name][0]![2]} images: part ${IN[name][0]![1]}`);
  const { title, images } = found;
  return { title, x: toTensor(images), y: images.labels && tf.tensor1d(images.labels, 'int32') };
}

/** Images of the size and the channels that a network takes; colour images are first shrunk, then turned gray. */
function fitTo([height, width, channels]: readonly number[], images: ImageSet): ImageSet {
  const [, h, w, c] = images.shape;
  const sized = h === height && w === width ? images : resize(images, { height: height!, width: width! });
  return channels === 1 && c === 3 ? toGray(sized) : sized;
}
