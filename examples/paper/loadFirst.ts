import * as tf from '@tensorflow/tfjs-core';
import { type LabelledData, OverconfidenceError } from 'relu-overconfidence';
import { type DatasetName, type ImageSet, loadDataset, unitPixels } from 'relu-overconfidence/datasets';

/** A part of a data set and what it is called: a piece of a set does not bear the name of the whole. */
export type Choice = readonly [name: DatasetName, part: string, title: string];

/** The first of the choices that is in the folder, with its title. */
export async function loadFirst(
  folder: string,
  choices: readonly Choice[],
): Promise<{ title: string; images: ImageSet } | undefined> {
  for (const [name, part, title] of choices)
    try {
      return { title, images: await loadDataset(folder, name, { part, labels: 'optional' }) };
    } catch (error) {
      const absent = error instanceof OverconfidenceError && error.code === 'INVALID_OPTION';
      if (!absent) throw error;
    }
  return undefined;
}

/** Images as numbers in [0, 1], `[N, H, W, C]`; the caller owns the tensor. */
export function toTensor(images: ImageSet): tf.Tensor4D {
  return tf.tensor4d(unitPixels(images), [...images.shape]);
}

/** The first of the choices as tensors, which the caller owns; it must be there, with labels. */
export async function loadLabelled(
  folder: string,
  choices: readonly Choice[],
): Promise<{ title: string; data: LabelledData }> {
  const found = await loadFirst(folder, choices);
  const labels = found?.images.labels;
  if (found === undefined || labels === undefined)
    throw new Error(`${folder} holds no ${choices[0]![2]} images with labels: part ${choices[0]![1]}`);
  return { title: found.title, data: { x: toTensor(found.images), y: tf.tensor1d(labels, 'int32') } };
}
