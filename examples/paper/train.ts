import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  type Augmentation,
  type FitOptions,
  fileCheckpoint,
  fit,
  type History,
  type Method,
  maxConfidenceAttack,
  pgdLinf,
  randomCrop,
  randomMirror,
} from 'relu-overconfidence';
import { lenet, resnetSmall } from 'relu-overconfidence/models';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { saveModel } from './modelFiles';
import type { Recipe, TrainingSet } from './recipes';
import { loadTrainingData } from './trainingData';

/** What is trained, on what, and where it goes. */
export interface TrainSettings {
  readonly method: Method;
  readonly dataset: TrainingSet;
  readonly recipe: Recipe;
  /** Folder of the data sets. */
  readonly data: string;
  /** Folder of this network: its checkpoint, then its weights and its course. */
  readonly folder: string;
}

const ATTACKS = { pgdLinf, maxConfidenceAttack };
const CHECKPOINT_EVERY = 50;

/** Trains a network, or goes on where a killed run was, and writes `model.json`, `weights.bin` and `training.json`. */
export async function train({ method, dataset, recipe, data, folder }: TrainSettings): Promise<History> {
  await useWasm();
  await mkdir(folder, { recursive: true });
  const sets = await loadTrainingData(data, dataset);
  await claimFolder(folder, { method, dataset, parts: sets.names, recipe });
  const model = build(recipe, sets.train.x.shape.slice(1), sets.classes);
  const history = await fit(model, sets.train, {
    ...fitOptions(method, recipe),
    validation: sets.test,
    checkpoint: fileCheckpoint(join(folder, 'checkpoint')),
    checkpointEvery: CHECKPOINT_EVERY,
    onStep: progressBar(`train ${method}`),
    onEpoch: ({ epoch, inLoss, outConfidence, validation }) =>
      console.log(
        `epoch ${epoch + 1}: loss ${inLoss.toFixed(4)}, test error ${(100 * validation!.error).toFixed(2)} %` +
          (outConfidence === null ? '' : `, confidence on noise ${outConfidence.toFixed(3)}`),
      ),
  });
  await saveModel(model, folder);
  const course = { method, dataset, parts: sets.names, recipe, history };
  await writeFile(join(folder, 'training.json'), `${JSON.stringify(course, null, 2)}\n`);
  tf.dispose([sets.train.x, sets.train.y, sets.test.x, sets.test.y]);
  model.dispose();
  return history;
}

function build({ architecture, seed }: Recipe, inputShape: number[], classes: number): LayersModel {
  return (architecture === 'lenet' ? lenet : resnetSmall)({ inputShape, classes, seed });
}

function fitOptions(method: Method, recipe: Recipe): FitOptions {
  const { epochs, stepsPerEpoch, batchSize, optimizer, learningRate, weightDecay, lambda, attack, seed } = recipe;
  return {
    method,
    epochs,
    batchSize,
    ...(stepsPerEpoch !== null && { stepsPerEpoch }),
    optimizer: optimizer === 'adam' ? tf.train.adam(learningRate) : tf.train.momentum(learningRate, 0.9),
    weightDecay,
    ...(method !== 'plain' && { lambda }),
    ...(attack !== null && { epsilon: attack.epsilon, steps: attack.steps, attack: ATTACKS[attack.name] }),
    augmentation: augmentation(recipe),
    seed,
  };
}

function augmentation({ crop, mirror }: Recipe): Augmentation {
  return (images, rng) => {
    const cropped = crop > 0 ? randomCrop(images, { padding: crop, rng }) : images;
    return mirror ? randomMirror(cropped, { rng }) : cropped;
  };
}

/** A folder belongs to the training that began in it: one with other settings is refused. */
async function claimFolder(folder: string, settings: object): Promise<void> {
  const file = join(folder, 'settings.json');
  const wanted = `${JSON.stringify(settings, null, 2)}\n`;
  const before = await readFile(file, 'utf8').catch(() => undefined);
  if (before === undefined) return writeFile(file, wanted);
  if (before !== wanted)
    throw new Error(
      `${folder} holds a training with other settings (settings.json); take another --output or delete it.`,
    );
}
