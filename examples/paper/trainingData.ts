import * as tf from '@tensorflow/tfjs-core';
import type { LabelledData } from 'relu-overconfidence';
import { type Choice, loadFirst, toTensor } from './loadFirst';
import type { TrainingSet } from './recipes';

/** What a network is trained on and watched on. */
export interface TrainingData {
  readonly train: LabelledData;
  readonly test: LabelledData;
  readonly classes: number;
  /** Which parts these are, in words. */
  readonly names: readonly string[];
}

const TRAIN: Readonly<Record<TrainingSet, readonly Choice[]>> = {
  mnist: [['mnist', 'train', 'MNIST']],
  svhn: [['svhn', 'train', 'SVHN']],
  cifar10: [
    ['cifar10', 'train', 'CIFAR-10'],
    ['cifar10', 'train-lossless4000', 'CIFAR-10 (first 4,000 of train)'],
  ],
  cifar100: [['cifar100', 'train', 'CIFAR-100']],
};
const TEST: Readonly<Record<TrainingSet, readonly Choice[]>> = {
  mnist: [['mnist', 'test', 'MNIST']],
  svhn: [['svhn', 'test', 'SVHN']],
  cifar10: [
    ['cifar10', 'test', 'CIFAR-10'],
    ['cifar10', 'test-exact1017', 'CIFAR-10 (first 1,017 of test)'],
  ],
  cifar100: [['cifar100', 'test', 'CIFAR-100']],
};

/** Loads the training and the test part of a data set; the caller owns the tensors. */
export async function loadTrainingData(folder: string, name: TrainingSet): Promise<TrainingData> {
  const [train, test] = [await loadLabelled(folder, TRAIN[name]), await loadLabelled(folder, TEST[name])];
  return {
    train: train.data,
    test: test.data,
    classes: name === 'cifar100' ? 100 : 10,
    names: [`train: ${train.title}`, `test: ${test.title}`],
  };
}

async function loadLabelled(
  folder: string,
  choices: readonly Choice[],
): Promise<{ title: string; data: LabelledData }> {
  const found = await loadFirst(folder, choices);
  const labels = found?.images.labels;
  if (found === undefined || labels === undefined)
    throw new Error(`${folder} holds no ${choices[0]![2]} images with labels: part ${choices[0]![1]}`);
  return { title: found.title, data: { x: toTensor(found.images), y: tf.tensor1d(labels, 'int32') } };
}
