import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledData } from 'relu-overconfidence';
import { parseIdx } from 'relu-overconfidence/datasets';

/** The first `count` training images of MNIST in [0, 1]; `undefined`, and loudly so, where there is no data. */
export async function loadMnist(count: number): Promise<LabelledData | undefined> {
  const folder = process.env.RELU_DATA ?? join('..', 'shared', 'data');
  const read = async (name: string) => parseIdx(await readFile(join(folder, 'mnist', `train-${name}.idx.gz`)));
  try {
    const [images, labels] = await Promise.all([read('images'), read('labels')]);
    const pixels = Float32Array.from(images.data.subarray(0, count * 28 * 28), (value) => value / 255);
    const classes = Int32Array.from(labels.data.subarray(0, count));
    return { x: tf.tensor4d(pixels, [count, 28, 28, 1]), y: tf.tensor1d(classes, 'int32') };
  } catch (error) {
    console.error(`\n*** LEFT OUT: MNIST cannot be read (${(error as NodeJS.ErrnoException).code ?? error}).`);
    console.error('*** Set RELU_DATA to a folder with mnist/train-images.idx.gz and mnist/train-labels.idx.gz.\n');
    return undefined;
  }
}
