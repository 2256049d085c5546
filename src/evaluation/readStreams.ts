import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { Classifier, ModelLike } from '../classifier/types';
import { type Batches, disposeBatch, isStream, readBatches } from '../core/batches';
import { readLabels } from '../core/labels';
import { nextTask } from '../core/pausing';
import { follow } from '../core/progress';
import { createRng } from '../core/rng';
import { batchOdds, checkImageSet } from './attackBatch';
import type { Measured } from './measureBlocks';
import type { ResolvedDetector } from './oodAttacks';
import { type OodOptions, resolveOptions, type StoredOptions } from './oodOptions';
import { columnName, IN_DISTRIBUTION } from './oodReport';
import type { Runner } from './runner';
import { checkedScores } from './sourceMeasurement';

const fn = 'evaluateOod';

/** Images kept of a stream for noise, attacks and bounds, unless the options ask for more. */
const KEPT = 1000;

/** Options without streams, and what was measured of those on the way. */
export interface StoredSets {
  readonly options: StoredOptions;
  /** Rows, and columns of detectors, by their names. */
  readonly done: Readonly<Record<string, Measured>>;
  /** Frees the images that were kept. */
  readonly dispose: () => void;
}

/** What is needed to measure a batch, once the first images tell the shape of inputs. */
interface Reader {
  readonly net: Classifier;
  readonly detectors: readonly ResolvedDetector[];
  /** Images kept of each stream. */
  readonly keep: number;
}

/**
 * Reads the streams among the sets, each once: every batch is scored and disposed, and a random sample of the images is kept, as many
 * as attacks, bounds and noise take. The sample does not depend on how the images are cut into batches.
 */
export async function readStreams(runner: Runner, model: ModelLike, options: OodOptions): Promise<StoredSets> {
  const { in: data, out, ...rest } = options;
  const { seed = 0, memory, onProgress, signal } = rest;
  const tell = follow(fn, { ...(onProgress && { onProgress }), ...(signal && { signal }) }, Number.NaN);
  let reader: Reader | undefined;
  const begin = (x: tf.Tensor) => {
    reader ??= readerOf(model, x, options);
    return reader;
  };
  const reading: Reading = { runner, begin, seed, memory, signal, tell };
  const sets: Record<string, tf.Tensor> = {};
  const done: Record<string, Measured> = {};
  const made: tf.Tensor[] = [];
  const take = async (set: StreamedSet) => {
    const { images, labels, measured } = await readStream(reading, set);
    made.push(images);
    Object.assign(done, measured);
    return { images, labels };
  };
  try {
    let stored = data as DataLike;
    if (isStream<DataLike>(data)) {
      const { images, labels } = await take({ row: IN_DISTRIBUTION, argument: 'in', stream: data });
      const y = tf.tensor1d(labels, 'int32');
      made.push(y);
      stored = { x: images, y };
    }
    for (const [row, set] of Object.entries(out ?? {})) {
      if (!isStream<tf.Tensor | DataLike>(set)) sets[row] = set;
      else {
        begin(labelledData({ fn, argument: 'in' }, stored).x);
        sets[row] = (await take({ row, argument: `out.${row}`, stream: set })).images;
      }
    }
    return { options: { ...rest, in: stored, ...(out && { out: sets }) }, done, dispose: () => tf.dispose(made) };
  } catch (error) {
    tf.dispose(made);
    throw error;
  }
}

/** What the streams of a call share. */
interface Reading {
  readonly runner: Runner;
  /** Gives the reader, which needs images to begin. */
  readonly begin: (x: tf.Tensor) => Reader;
  readonly seed: string | number;
  readonly memory: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly tell: (done: number, label: string) => void;
}

/** A stream of one set; the images of the in-distribution have labels. */
interface StreamedSet {
  readonly row: string;
  readonly argument: string;
  readonly stream: Batches<tf.Tensor | DataLike>;
}

/** Scores all images of a stream and keeps some, with their labels if they are of the in-distribution. */
async function readStream(
  { runner, begin, seed, memory, signal, tell }: Reading,
  { row, argument, stream }: StreamedSet,
): Promise<{ images: tf.Tensor; labels: number[]; measured: Record<string, Measured> }> {
  const where = { fn, argument };
  const labelled = row === IN_DISTRIBUTION;
  const numbers: Record<string, number[]> = { logOdds: [], predicted: [], ...(labelled && { labels: [] }) };
  const scores: Record<string, number[]> = {};
  const kept: { readonly image: tf.Tensor; readonly label: number }[] = [];
  const rng = createRng(seed).fork(`images kept of ${row}`);
  let count = 0;
  try {
    for await (const batch of readBatches(where, stream, signal)) {
      try {
        const { x, y } =
          labelled || !(batch instanceof tf.Tensor) ? labelledData(where, batch as DataLike) : { x: batch };
        const { net, detectors, keep } = begin(x);
        checkImageSet(where, x, net);
        const labels = labelled ? await readLabels(where, y!, net.classes, x.shape[0]) : undefined;
        append(numbers, { ...(await batchOdds(runner, net, x, memory)), ...(labels && { labels }) });
        for (const { name, score } of detectors) append(scores, { [name]: await checkedScores(score, x) });
        for (let i = 0; i < x.shape[0]!; i++) {
          count++;
          // Each image is among those kept with the same chance, in whatever order they come (Vitter, 1985).
          const place = kept.length < keep ? kept.length : rng.integer(count);
          if (place >= keep) continue;
          kept[place]?.image.dispose();
          kept[place] = { image: tf.slice(x, i, 1), label: labels?.[i] ?? 0 };
        }
      } finally {
        disposeBatch(batch);
      }
      tell(count, row);
      await nextTask();
    }
    const whole = { samples: count, blockSize: count };
    const columns = Object.entries(scores).map(([name, found]): [string, Measured] => [
      columnName(row, name),
      { kind: 'detector', ...whole, blocks: { 0: { scores: found } } },
    ]);
    const measured: Measured = { kind: labelled ? 'in' : 'out', ...whole, blocks: { 0: numbers } };
    return {
      images: tf.concat(kept.map(({ image }) => image)),
      labels: kept.map(({ label }) => label),
      measured: { [row]: measured, ...Object.fromEntries(columns) },
    };
  } finally {
    tf.dispose(kept.map(({ image }) => image));
  }
}

function append(lists: Record<string, number[]>, more: Readonly<Record<string, ArrayLike<number>>>): void {
  for (const [name, values] of Object.entries(more)) {
    lists[name] ??= [];
    for (let i = 0; i < values.length; i++) lists[name].push(values[i]!);
  }
}

/** More images than any stream has. */
const MANY = 2 ** 31 - 1;

/** Checks all options by the first images `x`, before a stream is read to its end. */
function readerOf(model: ModelLike, x: tf.Tensor, options: OodOptions): Reader {
  const net = asClassifier(fn, model, x);
  const { adversarialSamples, attackedOut, attackedIn, guarantee } = options;
  const names = Object.keys(options.out ?? {});
  const stored = { ...options, in: { x, y: x }, out: Object.fromEntries(names.map((name) => [name, x])) };
  const { detectors } = resolveOptions(stored, net, x, MANY);
  const asked = [adversarialSamples, attackedOut, attackedIn, guarantee].map((one) =>
    typeof one === 'object' ? (one.samples ?? 0) : 0,
  );
  return { net, detectors, keep: Math.max(KEPT, ...asked) };
}
