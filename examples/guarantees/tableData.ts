import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { LabelledData, PaperMethod } from 'relu-overconfidence';
import { loadDigits } from '../digits/digits';
import { trainDigits } from '../digits/train';
import { loadCheckpoint } from '../paper/checkpoint';
import { loadModel, saveModel } from '../paper/modelFiles';
import { loadTrainingData } from '../paper/trainingData';

/** Where things are. */
export interface Folders {
  readonly data: string;
  readonly models: string;
  readonly output: string;
}

/** Data, and networks trained on it. */
export interface TableData {
  readonly train: LabelledData;
  readonly test: LabelledData;
  /** The network of a training method. */
  network(method: PaperMethod): Promise<LayersModel>;
}

/** What can be measured. */
export const TABLES: Readonly<Record<'digits' | 'cifar10', (folders: Folders) => Promise<TableData>>> = {
  /** The digits of examples/digits; networks are trained the first time and kept. */
  digits: async ({ output }) => {
    const digits = await loadDigits();
    return {
      ...digits,
      network: async (method) => {
        const folder = join(output, 'models', `digits-${method}`);
        const trained = await access(join(folder, 'model.json')).then(
          () => true,
          () => false,
        );
        if (!trained) await saveModel(await trainDigits(method, digits), folder);
        return loadModel(folder);
      },
    };
  },
  /** CIFAR-10 and the networks that the authors of the paper published. */
  cifar10: async ({ data, models }) => ({
    ...(await loadTrainingData(data, 'cifar10')),
    network: (method) => loadCheckpoint(models, method),
  }),
};
