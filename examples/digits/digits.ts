import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { LabelledData } from 'relu-overconfidence';
import { parseIdx } from 'relu-overconfidence/datasets';

/** Training and test part of the handwritten digits. */
export interface Digits {
  readonly train: LabelledData;
  readonly test: LabelledData;
}

const TRAIN = 1400;
const BRIGHTEST = 16;

/** The 1,797 real 8x8 digits beside this file, scaled to [0, 1]: the first 1,400 to train on, the other 397 to test. */
export async function loadDigits(): Promise<Digits> {
  const read = async (name: string) => parseIdx(await readFile(new URL(`./data/${name}.idx.gz`, import.meta.url)));
  const [images, labels] = await Promise.all([read('images'), read('labels')]);
  const [count, height, width] = images.shape as [number, number, number];
  const pixels = Float32Array.from(images.data, (value) => value / BRIGHTEST);
  return tf.tidy(() => {
    const x = tf.tensor4d(pixels, [count, height, width, 1]);
    const y = tf.tensor1d(Int32Array.from(labels.data), 'int32');
    const part = (from: number, size: number) => ({ x: tf.slice(x, from, size), y: tf.slice(y, from, size) });
    return { train: part(0, TRAIN), test: part(TRAIN, count - TRAIN) };
  });
}
