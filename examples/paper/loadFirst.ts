import * as tf from '@tensorflow/tfjs-core';
import { OverconfidenceError } from 'relu-overconfidence';
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
      return { title, images: await loadDataset(folder, name, { part }) };
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
