import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { type DataLike, labelledData } from '../classifier/labelledData';
import { argMax, type Inputs } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
import { isStream } from '../core/batches';
import { checkKeys, checkOneOf, checkWhole, type KeysOf, refuse, type Where } from '../core/check';
import { inTasks } from '../core/pausing';
import { detectorOf, type Reader } from './detector';
import { type FeatureRows, featuresOf, readLogitRows } from './features';
import { type DetectorKind, fitParts, KINDS } from './kinds';
import { probeOf } from './probeImage';
import type { LinearHead, Sample } from './scores/rows';
import type { Detector, FitDetectorOptions } from './types';

const fn = 'fitDetector';

const KEYS: KeysOf<FitDetectorOptions> = {
  layer: true,
  k: true,
  shrinkage: true,
  percentile: true,
  dimensions: true,
  batchSize: true,
  memory: true,
  onProgress: true,
  signal: true,
};

/**
 * Learns from training images how a score tells them from anything else, in one pass over them. Scores, higher = more
 * in-distribution, of logits z, features phi and, where the logits are `z = W phi + b`, the last layer:
 *
 * - `'max-softmax'`, `'max-logit'`, `'energy'`, `'generalized-entropy'`: see the functions of these names. Nothing is learnt.
 * - `'temperature'`: `max softmax(z / T)`, T being the one in [0.01, 100] at which the labels are likeliest (Guo et al. 2017).
 * - `'knn'`: `- |u - u_(k)|`, the distance of the direction `u = phi / |phi|` from its k-th nearest (Sun et al. 2022).
 * - `'mean-knn'`: the same for the mean of the distances from the k nearest (Angiulli and Pizzuti 2002).
 * - `'mahalanobis'`: `- min_c (phi - m_c)^T S^-1 (phi - m_c)`, S the covariance within the classes (Lee et al. 2018).
 * - `'relative-mahalanobis'`: the same minus that of one Gaussian for all data (Ren et al. 2021).
 * - `'vim'`: `log sum exp z - alpha |residual|`, what phi has outside the principal space around `- W^+ b` (Wang et al. 2022).
 * - `'react'`: the energy of `min(phi, q)`, q being the 90th percentile of all features (Sun, Guo and Li 2021).
 * - `'ash'`: the energy of the largest 10 % of phi, times `exp(s1 / s2)`, the sums before and after (Djurisic et al. 2023, ASH-S).
 * - `'scale'`: the energy of all of phi times `exp(s1 / s2)`, s2 the sum of the largest 15 % (Xu et al. 2024).
 * - `'fdbd'`: the mean distance to the decision boundaries, `|z_k - z_c| / |w_k - w_c|`, over `|phi - mean|` (Liu and Qin 2024).
 * - `'nnguide'`: the energy times the mean of the k largest `e_i u . u_i`, e_i the energies of the data (Park et al. 2023).
 * - `'she'`: `phi . S_k`, S_k being the mean of what is rightly taken for the predicted class k (Zhang et al. 2023).
 *
 * `'ash'` and `'scale'` are meant for features that are never negative, as behind a ReLU; where others nearly cancel, their exponents
 * end at 60. Without labels every example counts for the class that the model takes it for. No image is kept, but `'knn'`, `'mean-knn'` and `'nnguide'` keep the features of all.
 *
 * @param kind - Which score.
 * @param model - A model; see `classifier`. A function will do for scores of the logits.
 * @param data - Training images `[n, ...inputShape]`, alone or as `{ x, y }`, or a stream of such batches, which is taken over.
 * @returns The detector. It owns no tensors, and reads the weights of the model anew whenever it is asked.
 * @throws OverconfidenceError `UNSUPPORTED_MODEL` if the model does not show what the score needs; `INVALID_ARGUMENT` for data that it
 *   cannot be learnt from, such as one class for `'relative-mahalanobis'`, features that are all the same, or no labels for
 *   `'temperature'`; `INVALID_OPTION`, also for options of other kinds; `INVALID_SHAPE`, `EMPTY_INPUT`, `INVALID_LABELS`,
 *   `NON_FINITE`, `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { fitDetector } from 'relu-overconfidence/detectors';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const detector = await fitDetector('mahalanobis', model, uniformNoise([200, 2], { seed: 1 }));
 * const [near, far] = await detector.score(tf.tensor2d([[0.5, 0.5], [20, -20]]));
 * console.log(near! > far!); // true
 * ```
 */
export async function fitDetector(
  kind: DetectorKind,
  model: ModelLike,
  data: Inputs | DataLike,
  options: FitDetectorOptions = {},
): Promise<Detector> {
  checkOneOf({ fn, argument: 'kind' }, kind, Object.keys(KINDS) as DetectorKind[]);
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  checkSettings(kind, options);
  const { layer, k, shrinkage, percentile, dimensions, ...reading } = options;
  const reader = readerOf(fn, kind, model, layer, data);
  const head = KINDS[kind].needs === 'head' ? await headIn({ fn, argument: 'model' }, kind, reader) : undefined;
  const rows = await reader.read(data, reading);
  if (kind === 'temperature' && rows.labels === undefined)
    refuse(
      { fn, argument: 'data' },
      'INVALID_ARGUMENT',
      "labelled for 'temperature'",
      'images alone',
      'Pass `{ x, y }`.',
    );
  const settings = { k, shrinkage, percentile, dimensions };
  const learning = fitParts(fn, kind, sampleOf(rows, reader.net.classes), head, given(settings));
  const parts = await inTasks(fn, learning, options.signal);
  return detectorOf({ kind, reader, parts, probe: await probeOf(reader.net) });
}

/** How features or logits are read for a kind of score. */
export function readerOf(
  fn: string,
  kind: DetectorKind,
  model: ModelLike,
  layer: string | undefined,
  data?: Inputs | DataLike,
): Reader {
  const { needs } = KINDS[kind];
  if (needs !== 'logits') return featuresOf(fn, model, layer);
  const x = data === undefined || isStream<tf.Tensor | DataLike>(data) ? undefined : data;
  const net = asClassifier(
    fn,
    model,
    x === undefined || x instanceof tf.Tensor ? x : labelledData({ fn, argument: 'data' }, x).x,
  );
  if (net.head === 'sigmoids' && kind !== 'max-logit')
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      `a model with a softmax for '${kind}'`,
      'one with a sigmoid for each class',
      "Take 'max-logit', or a score of features such as 'knn'.",
    );
  return { net, size: 0, layer: undefined, read: (x, reading = {}) => readLogitRows(fn, net, x, reading) };
}

async function headIn(where: Where, kind: DetectorKind, { head, layer }: Reader): Promise<LinearHead> {
  const found = await head?.();
  if (found !== undefined) return found;
  return refuse(
    where,
    'UNSUPPORTED_MODEL',
    `a model whose logits are a linear function of the features, for '${kind}'`,
    `another function of those of '${layer}'`,
    "Leave `layer` out, or take 'knn' or 'mahalanobis'.",
  );
}

/** Rows as numbers of float64; without labels each example is of the class that the model takes it for. */
export function sampleOf({ features, logits, count, labels }: FeatureRows, classes: number): Sample {
  return {
    features: new Float64Array(features),
    logits: new Float64Array(logits),
    groups: labels ?? Int32Array.from({ length: count }, (_, i) => argMax(logits, i * classes, classes)),
    count,
    size: features.length / count,
    classes,
  };
}

/** Which options belong to which kinds. */
const SETTINGS: Readonly<Record<'k' | 'shrinkage' | 'percentile' | 'dimensions', readonly DetectorKind[]>> = {
  k: ['knn', 'mean-knn', 'nnguide'],
  shrinkage: ['mahalanobis', 'relative-mahalanobis'],
  percentile: ['react', 'ash', 'scale'],
  dimensions: ['vim'],
};

function checkSettings(kind: DetectorKind, options: FitDetectorOptions): void {
  for (const [name, kinds] of Object.entries(SETTINGS)) {
    const value = options[name as keyof typeof SETTINGS];
    if (value !== undefined && !kinds.includes(kind))
      refuse(
        { fn, argument: name },
        'INVALID_OPTION',
        `left out for '${kind}'`,
        String(value),
        `It is an option of ${kinds.map((one) => `'${one}'`).join(', ')}.`,
      );
  }
  if (options.layer !== undefined && KINDS[kind].needs === 'logits')
    refuse({ fn, argument: 'layer' }, 'INVALID_OPTION', `left out for '${kind}'`, options.layer, 'Leave it out.');
  const { k, shrinkage, percentile, dimensions } = options;
  if (k !== undefined) checkWhole({ fn, argument: 'k' }, k);
  if (dimensions !== undefined) checkWhole({ fn, argument: 'dimensions' }, dimensions, 0);
  if (shrinkage !== undefined && shrinkage !== 'ledoit-wolf' && !(shrinkage >= 0 && shrinkage <= 1))
    refuse(
      { fn, argument: 'shrinkage' },
      'INVALID_OPTION',
      "'ledoit-wolf' or a share in [0, 1]",
      String(shrinkage),
      'Leave it out.',
    );
  if (percentile !== undefined && !(percentile >= 0 && percentile < 100))
    refuse({ fn, argument: 'percentile' }, 'INVALID_OPTION', 'in [0, 100)', String(percentile), 'Leave it out.');
}

/** The entries that are there. */
export function given<T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
