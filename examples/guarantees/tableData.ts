import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { FitMethod, FitOptions, LabelledData, Method } from 'relu-overconfidence';
import type { BoundMethod } from 'relu-overconfidence/guarantees';
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
  /** Networks by the method that they were trained with; the plain one is the first. */
  readonly networks: Readonly<Record<string, () => Promise<LayersModel>>>;
  /** How networks are certified. */
  readonly bounds: BoundMethod;
  /** Epochs that a discriminator is trained. */
  readonly epochs: number;
}

/** Epochs that networks are trained on the digits. In the 40 of examples/digits GOOD comes to cost 5 points of accuracy. */
export const DIGITS_EPOCHS = 200;

/** A network trained on the digits, the first time it is asked for, and kept. */
export async function trainedOnDigits(output: string, name: string, method: FitMethod, settings: FitOptions = {}) {
  const folder = join(output, 'models', `digits-${name}`);
  const there = await access(join(folder, 'model.json')).then(
    () => true,
    () => false,
  );
  const train = async () => trainDigits(method, await loadDigits(), { epochs: DIGITS_EPOCHS, ...settings });
  if (!there) await saveModel(await train(), folder);
  return loadModel(folder);
}

/** The digits of examples/digits. */
async function digitsTable({ output }: Folders): Promise<TableData> {
  const digits = await loadDigits();
  const trained = (method: FitMethod) => () => trainedOnDigits(output, method, method);
  const networks = { plain: trained('plain'), CEDA: trained('ceda'), ACET: trained('acet'), GOOD: trained('good') };
  return { ...digits, networks, bounds: 'crown', epochs: 100 };
}

/** CIFAR-10 and the networks that the authors of the paper published. */
async function cifar10Table({ data, models }: Folders): Promise<TableData> {
  const published = (method: Method) => () => loadCheckpoint(models, method);
  const networks = { plain: published('plain'), CEDA: published('ceda'), ACET: published('acet') };
  return { ...(await loadTrainingData(data, 'cifar10')), networks, bounds: 'interval', epochs: 20 };
}

/** What can be measured. */
export const TABLES = { digits: digitsTable, cifar10: cifar10Table } as const;
