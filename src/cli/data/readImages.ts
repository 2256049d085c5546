import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { CliError } from '../cliError';
import { sha256 } from '../load/sha256';
import type { Images } from '../measure/images';
import { fitImages } from './fitImages';
import { readFolder, type WantedPart } from './readFolder';

/** Reads images from a folder and brings them into the form that the model takes. */
export async function readImages(folder: string, part: WantedPart, net: Classifier): Promise<Images> {
  const { labels, ...found } = await readFolder(folder, part);
  const values = fitImages(folder, found, net);
  checkRange(folder, values, net);
  const samples = found.shape[0]!;
  const largest = labels === undefined ? 0 : labels.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= net.classes)
    throw new CliError(
      `${folder} has images of class ${largest}, and the model has ${net.classes} classes, 0 to ${net.classes - 1}.`,
      'Pass the data that the model was made for.',
    );
  const bytes = [values, labels ?? new Int32Array()].map(({ buffer }) => new Uint8Array(buffer));
  return {
    x: tf.tensor(values, [samples, ...net.inputShape]),
    labels,
    facts: { path: folder, sha256: sha256(bytes), samples },
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

/** The same for images that must have classes. */
export async function readLabelled(
  folder: string,
  part: WantedPart,
  net: Classifier,
): Promise<Images & { readonly labels: Int32Array }> {
  const images = await readImages(folder, part, net);
  const { labels } = images;
  if (labels === undefined)
    throw new CliError(
      `${resolve(folder)} has images, but not their classes.`,
      'Put them into one folder per class, or add the file of labels.',
    );
  return { ...images, labels };
}
