import type { LabelledData } from 'relu-overconfidence';
import { type Choice, loadLabelled } from './loadFirst';
import type { TrainingSet } from './recipes';
import { IN } from './testSets';

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
  mnist: IN.mnist,
  svhn: [['svhn', 'test', 'SVHN']],
  cifar10: IN.cifar10,
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
