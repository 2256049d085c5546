import * as tf from '@tensorflow/tfjs-core';
import { type Batches, disposeBatch, isStream, readBatches } from '../core/batches';
import { checkKeys, checkPositive, checkWhole, type KeysOf, refuse } from '../core/check';
import { checkBatch, refuseNonFinite } from '../core/checkTensor';
import { nextTask } from '../core/pausing';
import { follow, type ProgressOptions } from '../core/progress';
import { asClassifier } from './asClassifier';
import { imagesWithin } from './imagesWithin';
import { openInference } from './inference';
import { type DataLike, labelledData } from './labelledData';
import type { Classifier, ModelLike } from './types';

/** How a model is run over a data set. Progress is counted in examples. */
export interface ReadOptions extends ProgressOptions {
  /** Examples per forward pass, at the most. @defaultValue 256 */
  readonly batchSize?: number;
  /** Bytes that a forward pass may use; it takes fewer examples where these need more. @defaultValue half of what the backend (wasm: 4 GiB) or the machine has */
  readonly memory?: number;
}

/** Inputs in memory, or batches of them one after the other, with or without labels; those of a stream are disposed when they are read. */
export type Inputs = tf.Tensor | Batches<tf.Tensor | DataLike>;

/** Logits that have left the tensor world: row-major `[count, classes]`. */
export interface Logits {
  readonly values: Float32Array;
  readonly classes: number;
  readonly count: number;
  /** The head that they go through; see {@link Classifier}. */
  readonly head: NonNullable<Classifier['head']>;
}

const KEYS: KeysOf<ReadOptions> = { batchSize: true, memory: true, onProgress: true, signal: true };

/** {@link readLogits} for a function whose options are these and no others. */
export function readLogitsAs(fn: string, model: ModelLike, x: Inputs, options: ReadOptions): Promise<Logits> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  return isStream<tf.Tensor | DataLike>(x) ? readStream(fn, model, x, options) : readLogits(fn, model, x, options);
}

/** The same over the batches of a stream, in their order; each is disposed once it is read. */
async function readStream(
  fn: string,
  model: ModelLike,
  stream: Batches<tf.Tensor | DataLike>,
  { onProgress, signal, ...options }: ReadOptions,
): Promise<Logits> {
  const where = { fn, argument: 'x' };
  const parts: Logits[] = [];
  let count = 0;
  const tell = follow(fn, { ...(onProgress && { onProgress }), ...(signal && { signal }) }, Number.NaN);
  for await (const given of readBatches(where, stream, signal)) {
    try {
      const x = given instanceof tf.Tensor ? given : labelledData(where, given).x;
      parts.push(await readLogits(fn, model, x, { ...options, ...(signal && { signal }) }));
    } finally {
      disposeBatch(given);
    }
    count += parts.at(-1)!.count;
    tell(count, 'images');
    await nextTask();
  }
  const { classes, head } = parts[0]!;
  const values = new Float32Array(count * classes);
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { values, classes, count, head };
}

/** Runs a model over a data set in inference mode, batch by batch, and reads the logits. Inputs may lie outside `bounds`. */
export async function readLogits(
  fn: string,
  model: ModelLike,
  x: tf.Tensor,
  { batchSize: wanted = 256, memory, ...watching }: ReadOptions,
): Promise<Logits> {
  checkWhole({ fn, argument: 'batchSize' }, wanted);
  if (memory !== undefined) checkPositive({ fn, argument: 'memory' }, memory);
  const net = asClassifier(fn, model, x);
  checkBatch({ fn, argument: 'x' }, x, net.inputShape);
  const bad = ((await x.data()) as Float32Array).find((v) => !Number.isFinite(v));
  if (bad !== undefined) refuseNonFinite({ fn, argument: 'x' }, bad);
  const count = x.shape[0]!;
  const values = new Float32Array(count * net.classes);
  const tell = follow(fn, watching, count);
  const pass = openInference(fn, net);
  try {
    const run = () => tf.dispose(tf.tidy(() => pass.logits(tf.slice(x, 0, 1))));
    const batchSize = Math.min(wanted, imagesWithin(net, { kind: 'logits', images: x, run }, memory));
    for (let start = 0; start < count; start += batchSize) {
      const size = Math.min(batchSize, count - start);
      const batch = tf.tidy(() => pass.logits(tf.slice(x, start, size)));
      values.set((await batch.data()) as Float32Array, start * net.classes);
      tf.dispose(batch);
      tell(start + size, 'images');
      if (start + size < count) await nextTask();
    }
  } finally {
    pass.close();
  }
  if (!values.every(Number.isFinite))
    refuse(
      { fn, argument: 'model' },
      'NON_FINITE',
      'a model with finite logits on `x`',
      'NaN or infinite logits',
      'Look for NaN weights, or inputs so large that float32 overflows.',
    );
  return { values, classes: net.classes, count, head: net.head ?? 'softmax' };
}

/** Index of the largest of `classes` values from `offset` on; the first of equals. */
export function argMax(values: ArrayLike<number>, offset: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (values[offset + k]! > values[offset + best]!) best = k;
  return best;
}
