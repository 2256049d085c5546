import type * as tf from '@tensorflow/tfjs-core';
import type { LabelledData } from 'relu-overconfidence';
import { type Choice, CIFAR10_TEST, loadFirst, loadLabelled, toTensor } from './loadFirst';

/** The data sets of Table 1 for CIFAR-10. */
export interface CifarSets {
  readonly in: LabelledData;
  /** Out-distributions by the name of their row. */
  readonly out: Readonly<Record<string, tf.Tensor4D>>;
  /** Which sets these are, in words. */
  readonly names: readonly string[];
}

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
  const inSet = await loadLabelled(folder, CIFAR10_TEST);
  const found: [string, tf.Tensor4D][] = [];
  for (const choices of OUT) {
    const set = await loadFirst(folder, choices);
    if (set === undefined) console.error(`*** LEFT OUT: ${choices[0]![2]} is not in ${folder}.`);
    else found.push([set.title, toTensor(set.images)]);
  }
  const names = [inSet.title, ...found.map(([title]) => title)];
  return { in: inSet.data, out: Object.fromEntries(found), names };
}
