import type * as tf from '@tensorflow/tfjs-core';
import type { LabelledData } from 'relu-overconfidence';
import { type ImageSet, resize, toGray } from 'relu-overconfidence/datasets';
import { type Choice, CIFAR10_TEST, loadFirst, loadLabelled, toTensor } from './loadFirst';
import type { TABLE_1 } from './published';

/** What networks are measured on. */
export interface TestSets {
  readonly in: LabelledData;
  /** Out-distributions by the name of their row. */
  readonly out: Readonly<Record<string, tf.Tensor4D>>;
  /** Which sets these are, in words. */
  readonly names: readonly string[];
}

/** A set for which Table 1 is reproduced. */
export type TableSet = keyof typeof TABLE_1;

/** The set that networks were trained on. */
export const IN: Readonly<Record<TableSet, readonly Choice[]>> = {
  mnist: [['mnist', 'test', 'MNIST']],
  cifar10: CIFAR10_TEST,
};
const OUT: Readonly<Record<TableSet, readonly (readonly Choice[])[]>> = {
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
  cifar10: [
    [
      ['cifar100', 'test', 'CIFAR-100'],
      ['cifar100', 'test-exact148', 'CIFAR-100 (first 148 of test)'],
    ],
    [
      ['svhn', 'test', 'SVHN'],
      ['svhn', 'train-exact1083', 'SVHN (first 1,083 of train)'],
    ],
    [['tiny-imagenet', 'val32-minus', 'Tiny-ImageNet-minus']],
  ],
};

/** Loads of every set the first choice that is in the folder; out-distributions that are not there are left out, aloud. */
export async function loadTestSets(folder: string, name: TableSet): Promise<TestSets> {
  const inSet = await loadLabelled(folder, IN[name]);
  const [, ...size] = inSet.data.x.shape;
  const found: [string, tf.Tensor4D][] = [];
  for (const choices of OUT[name]) {
    const set = await loadFirst(folder, choices);
    if (set === undefined) console.error(`*** LEFT OUT: ${choices[0]![2]} is not in ${folder}.`);
    else found.push([set.title, toTensor(fitTo(size, set.images))]);
  }
  const names = [inSet.title, ...found.map(([title]) => title)];
  return { in: inSet.data, out: Object.fromEntries(found), names };
}

/** Images of the size and the channels that a network takes; colour images are first shrunk, then turned gray. */
function fitTo([height, width, channels]: readonly number[], images: ImageSet): ImageSet {
  const [, h, w, c] = images.shape;
  const sized = h === height && w === width ? images : resize(images, { height: height!, width: width! });
  return channels === 1 && c === 3 ? toGray(sized) : sized;
}
