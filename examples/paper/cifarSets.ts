import * as tf from '@tensorflow/tfjs-core';
import type { LabelledData } from 'relu-overconfidence';
import { type Choice, loadFirst, toTensor } from './loadFirst';

/** The data sets of Table 1 for CIFAR-10. */
export interface CifarSets {
  readonly in: LabelledData;
  /** Out-distributions by the name of their row. */
  readonly out: Readonly<Record<string, tf.Tensor4D>>;
  /** Which sets these are, in words. */
  readonly names: readonly string[];
}

const IN: readonly Choice[] = [
  ['cifar10', 'test', 'CIFAR-10'],
  ['cifar10', 'test-exact1017', 'CIFAR-10 (first 1,017 of test)'],
];
const OUT: readonly (readonly Choice[])[] = [
  [
    ['cifar100', 'test', 'CIFAR-100'],
    ['cifar100', 'test-exact148', 'CIFAR-100 (first 148 of test)'],
  ],
  [
    ['svhn', 'test', 'SVHN'],
    ['svhn', 'train-exact1083', 'SVHN (first 1,083 of train)'],
  ],
  [['tiny-imagenet', 'val32-minus', 'Tiny-ImageNet-minus']],
];

/** Loads of every set the first choice that is in the folder; out-distributions that are not there are left out, aloud. */
export async function loadCifarSets(folder: string): Promise<CifarSets> {
  const inSet = await loadFirst(folder, IN);
  if (inSet?.images.labels === undefined) throw new Error(`${folder} holds no CIFAR-10 test images with labels`);
  const found: [string, tf.Tensor4D][] = [];
  for (const choices of OUT) {
    const set = await loadFirst(folder, choices);
    if (set === undefined) console.error(`*** LEFT OUT: ${choices[0]![2]} is not in ${folder}.`);
    else found.push([set.title, toTensor(set.images)]);
  }
  const names = [inSet.title, ...found.map(([title]) => title)];
  const labels = tf.tensor1d(inSet.images.labels, 'int32');
  return { in: { x: toTensor(inSet.images), y: labels }, out: Object.fromEntries(found), names };
}
