import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { type FeaturePass, openableOf, openFeatures, placeIn } from '../classifier/featurePass';
import { imagesWithin } from '../classifier/imagesWithin';
import { openInference } from '../classifier/inference';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { Inputs, ReadOptions } from '../classifier/readLogits';
import type { Classifier, ModelLike } from '../classifier/types';
import { disposeBatch, isStream, readBatches } from '../core/batches';
import { checkKeys, checkPositive, checkWhole, type KeysOf, refuse } from '../core/check';
import { checkBatch, refuseNonFinite } from '../core/checkTensor';
import { readLabels } from '../core/labels';
import { nextTask } from '../core/pausing';
import { follow } from '../core/progress';
import type { LinearHead } from './scores/rows';

/** Features and logits of examples, row-major, which have left the tensor world. */
export interface FeatureRows {
  /** `[count, size]`. */
  readonly features: Float32Array;
  /** `[count, classes]`. */
  readonly logits: Float32Array;
  /** Number of examples. */
  readonly count: number;
  /** The class of each example, where the data tell it. */
  readonly labels?: Int32Array;
}

/** The features of a layer of a model; made by {@link features}. */
export interface Features {
  /** Name of the layer. */
  readonly layer: string;
  /** Number of features. */
  readonly size: number;
  /** All layers that can be named, from the input to the output. */
  readonly layers: readonly string[];
  /** Reads features and logits in one forward pass, batch by batch. */
  read(x: Inputs | DataLike, options?: ReadOptions): Promise<FeatureRows>;
}

const READ_KEYS: KeysOf<ReadOptions> = { batchSize: true, memory: true, onProgress: true, signal: true };

/**
 * Finds the features of a model: the numbers that its last layer makes logits of, or those of a layer that is named.
 *
 * A model that was made by transfer learning, such as one of Teachable Machine, has the features of a large network in front of a
 * small one of its own: `layers` lists both. A layer can be named if all goes through it, as a vector.
 *
 * @param model - A LayersModel, a GraphModel or a classifier of one; see `classifier`. It stays the caller's.
 * @throws OverconfidenceError `UNSUPPORTED_MODEL` if its layers cannot be read or it has no such vector; `INVALID_OPTION` for
 *   `layer`. `read` throws what `confidences` does, and `INVALID_LABELS`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { features } from 'relu-overconfidence/detectors';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const { size, read } = features(mlp({ inputShape: [2], hidden: [16, 8], classes: 3, seed: 1 }));
 * const rows = await read(tf.tensor2d([[0, 1], [1, 0]]));
 * console.log(size, rows.features.length, rows.logits.length); // 8 16 6
 * ```
 */
export function features(model: ModelLike, options: { readonly layer?: string } = {}): Features {
  checkKeys({ fn: 'features', argument: 'options' }, options, { layer: true });
  return featuresOf('features', model, options.layer);
}

/** The same on behalf of another function, and the last layer as numbers. */
export interface OpenedFeatures extends Features {
  readonly net: Classifier;
  /** The last layer, if the logits are a linear function of the features. */
  head(): Promise<LinearHead | undefined>;
}

/** {@link features} on behalf of `fn`. */
export function featuresOf(fn: string, model: ModelLike, layer: string | undefined): OpenedFeatures {
  const net = typeof model === 'function' ? undefined : asClassifier(fn, model, undefined);
  const openable = openableOf({ fn, argument: 'model' }, net);
  const place = placeIn({ fn, argument: 'layer' }, openable, layer);
  return {
    net: net!,
    layer: place.name,
    size: place.size,
    layers: openable.layers.map(({ name }) => name),
    read: (x, options = {}) => {
      checkKeys({ fn, argument: 'options' }, options, READ_KEYS);
      return readRows(fn, net!, () => openFeatures(openable, place), place.size, x, options);
    },
    head: () => headOf(openFeatures(openable, place), net!.classes),
  };
}

/** Only the logits, of any model. */
export function readLogitRows(
  fn: string,
  net: Classifier,
  x: Inputs | DataLike,
  options: ReadOptions,
): Promise<FeatureRows> {
  const open = (): Pass => {
    const pass = openInference(fn, net);
    return { features: () => tf.tensor2d([], [0, 0]), logits: (_, images) => pass.logits(images), close: pass.close };
  };
  return readRows(fn, net, open, 0, x, options);
}

interface Pass {
  features(x: tf.Tensor): tf.Tensor2D;
  logits(features: tf.Tensor2D, x: tf.Tensor): tf.Tensor2D;
  close(): void;
}

/** Reads features and logits over a data set, in one pass. */
export async function readRows(
  fn: string,
  net: Classifier,
  open: () => Pass,
  size: number,
  data: Inputs | DataLike,
  options: ReadOptions,
): Promise<FeatureRows> {
  const { batchSize = 256, memory, ...watching } = options;
  checkWhole({ fn, argument: 'batchSize' }, batchSize);
  if (memory !== undefined) checkPositive({ fn, argument: 'memory' }, memory);
  const where = { fn, argument: 'data' };
  const stream = isStream<tf.Tensor | DataLike>(data) ? data : undefined;
  const parts: FeatureRows[] = [];
  let done = 0;
  const given = stream === undefined ? (data as tf.Tensor | DataLike) : undefined;
  const total = given === undefined ? Number.NaN : (tensorsOf(where, given).x.shape[0] ?? 0);
  const tell = follow(fn, watching, total);
  const pass = open();
  try {
    const read = async (batch: tf.Tensor | DataLike) => {
      const { x, y } = tensorsOf(where, batch);
      const labels = y && (await readLabels({ fn, argument: 'labels' }, y, net.classes, x.shape[0]));
      const rows = await readBatch(fn, net, pass, size, x, { batchSize, memory }, (more) =>
        tell(done + more, 'images'),
      );
      done += rows.count;
      parts.push(labels === undefined ? rows : { ...rows, labels });
    };
    if (given !== undefined) await read(given);
    else
      for await (const batch of readBatches(where, stream!, watching.signal)) {
        try {
          await read(batch);
        } finally {
          disposeBatch(batch);
        }
      }
  } finally {
    pass.close();
  }
  return joined(where, parts);
}

function tensorsOf(where: { fn: string; argument: string }, given: tf.Tensor | DataLike) {
  if (given instanceof tf.Tensor) return { x: given, y: undefined };
  return labelledData(where, given);
}

async function readBatch(
  fn: string,
  net: Classifier,
  pass: Pass,
  size: number,
  x: tf.Tensor,
  { batchSize, memory }: { readonly batchSize: number; readonly memory: number | undefined },
  tell: (done: number) => void,
): Promise<FeatureRows> {
  checkBatch({ fn, argument: 'x' }, x, net.inputShape);
  const bad = ((await x.data()) as Float32Array).find((value) => !Number.isFinite(value));
  if (bad !== undefined) refuseNonFinite({ fn, argument: 'x' }, bad);
  const count = x.shape[0]!;
  const run = () => tf.dispose(tf.tidy(() => pass.logits(pass.features(tf.slice(x, 0, 1)), tf.slice(x, 0, 1))));
  const fit = Math.min(batchSize, imagesWithin(net, { kind: 'logits', images: x, run }, memory));
  const features = new Float32Array(count * size);
  const logits = new Float32Array(count * net.classes);
  for (let start = 0; start < count; start += fit) {
    const part = Math.min(fit, count - start);
    const [phi, z] = tf.tidy(() => {
      const images = tf.slice(x, start, part);
      const found = pass.features(images);
      return [found, pass.logits(found, images)] as const;
    });
    try {
      features.set((await phi.data()) as Float32Array, start * size);
      logits.set((await z.data()) as Float32Array, start * net.classes);
    } finally {
      tf.dispose([phi, z]);
    }
    tell(start + part);
    if (start + part < count) await nextTask();
  }
  if (!features.every(Number.isFinite) || !logits.every(Number.isFinite))
    refuse(
      { fn, argument: 'model' },
      'NON_FINITE',
      'a model with finite features and logits on these examples',
      'NaN or an infinity',
      'Look for NaN weights, or inputs so large that float32 overflows.',
    );
  return { features, logits, count };
}

function joined(where: { fn: string; argument: string }, parts: readonly FeatureRows[]): FeatureRows {
  const labelled = parts.filter(({ labels }) => labels !== undefined).length;
  if (labelled > 0 && labelled < parts.length)
    refuse(where, 'INVALID_ARGUMENT', 'labels for all batches or for none', 'labels for some', 'Label all, or none.');
  const all = (pick: (rows: FeatureRows) => Float32Array) => {
    if (parts.length === 1) return pick(parts[0]!);
    const result = new Float32Array(parts.reduce((sum, rows) => sum + pick(rows).length, 0));
    let at = 0;
    for (const rows of parts) {
      result.set(pick(rows), at);
      at += pick(rows).length;
    }
    return result;
  };
  return {
    features: all((rows) => rows.features),
    logits: all((rows) => rows.logits),
    count: parts.reduce((sum, { count }) => sum + count, 0),
    ...(labelled > 0 && { labels: Int32Array.from(parts.flatMap(({ labels }) => Array.from(labels!))) }),
  };
}

/** How far the logits may be from a linear function of the features, as a share of the largest. */
const LINEAR = 1e-3;

/** Numbers that a batch of unit vectors may have. */
const UNITS = 2 ** 22;

/** The last layer as a matrix: what it makes of zero and of every unit vector; undefined if it is not linear. */
export async function headOf(pass: FeaturePass, classes: number): Promise<LinearHead | undefined> {
  const { size } = pass.layer;
  const read = async (make: () => tf.Tensor2D) => {
    const z = tf.tidy(() => pass.logits(make()));
    return z.data().finally(() => z.dispose());
  };
  try {
    const bias = Float64Array.from(await read(() => tf.zeros([1, size])));
    const weights = new Float64Array(classes * size);
    const step = Math.max(1, Math.floor(UNITS / size));
    for (let start = 0; start < size; start += step) {
      const count = Math.min(step, size - start);
      const values = await read(() => {
        const units = tf.oneHot(tf.range(start, start + count, 1, 'int32'), size);
        return tf.cast(units, 'float32') as tf.Tensor2D;
      });
      for (let j = 0; j < count; j++)
        for (let k = 0; k < classes; k++) weights[k * size + start + j] = values[j * classes + k]! - bias[k]!;
    }
    const mixed = Float32Array.from({ length: size }, (_, j) => Math.sin(j + 1));
    const found = await read(() => tf.tensor2d(mixed, [1, size]));
    const linear = bias.every((b, k) => {
      const parts = mixed.map((value, j) => value * weights[k * size + j]!);
      const [sum, scale] = parts.reduce(([all, most], part) => [all + part, most + Math.abs(part)], [b, Math.abs(b)]);
      return Math.abs(found[k]! - sum!) <= LINEAR * scale!;
    });
    return linear ? { weights, bias } : undefined;
  } finally {
    pass.close();
  }
}
