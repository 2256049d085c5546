import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { LabelledData } from 'relu-overconfidence';

/** Writes weights, images and labels where a peer can load them, calls `use` with the folder, and deletes it. */
export async function withLenetFiles<T>(
  model: LayersModel,
  { x, y }: LabelledData,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-lenet-'));
  try {
    const weights = await Promise.all(model.getWeights().map((weight) => weight.data()));
    const values = weights.flatMap((value) => [bytes(value)]);
    await writeFile(join(folder, 'weights.bin'), Buffer.concat(values));
    await writeFile(join(folder, 'images.bin'), bytes(await x.data()));
    await writeFile(join(folder, 'labels.bin'), bytes(await y.data()));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function bytes(values: tf.TypedArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
