import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { CliError, messageOf } from '../cliError';
import type { LoadedModel } from '../load/loadModel';
import { sha256 } from '../load/sha256';
import type { Images } from '../measure/images';
import { fitImages } from './fitImages';
import type { ModelClasses } from './matchClasses';
import { readFolder, type WantedPart } from './readFolder';

/** A model and where it lies, with the names of its classes beside it. */
export type ModelPlace = Pick<LoadedModel, 'classifier'> & { readonly file: { readonly path: string } };

/** Reads images from a folder, without their classes, and brings them into the form that the model takes. */
export function readImages(folder: string, part: WantedPart, { classifier }: ModelPlace): Promise<Images> {
  return read(folder, part, classifier, undefined);
}

/** The same for images that must have classes, which are those of the model. */
export async function readLabelled(
  folder: string,
  part: WantedPart,
  { classifier, file }: ModelPlace,
): Promise<Images & { readonly labels: Int32Array }> {
  const names = await classNames(join(dirname(file.path), 'metadata.json'));
  const images = await read(folder, part, classifier, { count: classifier.classes, names });
  const { labels } = images;
  if (labels === undefined) {
    tf.dispose(images.x);
    throw new CliError(
      `${resolve(folder)} has images, but not their classes.`,
      'Put them into one folder per class, or add the file of labels.',
    );
  }
  return { ...images, labels };
}

/** The `labels` of the file that Teachable Machine and others put beside a model; undefined where there are none. */
async function classNames(path: string): Promise<readonly string[] | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const labels: unknown = JSON.parse(text)?.labels;
    return Array.isArray(labels) && labels.every((label) => typeof label === 'string') ? labels : undefined;
  } catch (error) {
    throw new CliError(`${path} is damaged: ${messageOf(error)}`, 'Copy it again, or take it away.', error);
  }
}

async function read(
  folder: string,
  part: WantedPart,
  net: Classifier,
  classes: ModelClasses | undefined,
): Promise<Images> {
  const { labels, ...found } = await readFolder(folder, part, classes);
  const samples = found.shape[0] ?? 0;
  if (samples === 0) throw new CliError(`${folder} has no images.`, 'Look at how they were saved.');
  const { values, notes } = fitImages(folder, found, net);
  checkRange(folder, values, net);
  const largest = labels === undefined || classes === undefined ? 0 : labels.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= net.classes)
    throw new CliError(
      `${folder} has images of class ${largest}, and the model has ${net.classes} classes, 0 to ${net.classes - 1}.`,
      'Pass the data that the model was made for.',
    );
  const bytes = [values, labels ?? new Int32Array()].map(({ buffer }) => new Uint8Array(buffer));
  return {
    x: tf.tensor(values, [samples, ...net.inputShape]),
    labels: classes && labels,
    facts: { path: folder, sha256: sha256(bytes), samples },
    notes: [...found.notes, ...notes].map((note) => `${folder}: ${note}.`),
  };
}

/** Rounding in float32 that is let pass, as a share of the width of the bounds. */
const SLACK = 1e-6;

function checkRange(folder: string, values: Float32Array, { bounds: [low, high] }: Classifier): void {
  const slack = SLACK * (high - low);
  const wrong = values.find((value) => !(value >= low - slack && value <= high + slack));
  if (wrong !== undefined)
    throw new CliError(
      `${folder} has values such as ${wrong}, outside the bounds [${low}, ${high}] of the model.`,
      'Scale the data as in training, or tell the true bounds with --bounds LOW,HIGH.',
    );
}
