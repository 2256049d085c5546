import type * as tf from '@tensorflow/tfjs-core';
import type { ModelLike } from '../classifier/types';
import { isPair } from '../core/bounds';
import { checkKeys, type KeysOf, refuse, show } from '../core/check';
import type { Threshold } from './chooseThreshold';
import { probabilities } from './scores/ofLogits';
import { largest, row } from './scores/rows';
import { faultOf, rangesOf, type SeenImages } from './seenImages';
import type { Detector } from './types';

/** What a classifier says that may answer "unknown". `Label`: the names of its classes, where types know them. */
export interface Prediction<Label extends string = string> {
  /** Name of the class, or its index as text where there are no names; `'unknown'` for an image that is refused. */
  readonly label: Label | 'unknown';
  /** The class that the model takes it for, refused or not. */
  readonly index: number;
  /** Confidence of the model in it: its largest probability. */
  readonly confidence: number;
  /** The probabilities that the model gives to all classes. */
  readonly probabilities: Float64Array;
  /** What the detector says; higher = more in-distribution. */
  readonly score: number;
  /** The conformal p-value of the score; see `conformalPValue`. NaN where no `scores` were given. */
  readonly pValue: number;
  /** Why it is refused, or that it looks like the training images. */
  readonly reason: string;
}

/** What {@link withUnknown} is made of. */
export interface UnknownOptions<Label extends string = string> {
  /** The score that knows where the data are. */
  readonly detector: Detector;
  /** The lowest score accepted; of `chooseThresholds` one for each class, and a class without one is never accepted. */
  readonly threshold: number | Pick<Threshold, 'threshold'> | readonly (Pick<Threshold, 'threshold'> | undefined)[];
  /** Names of the classes. @defaultValue those of the classifier, or else their indices */
  readonly labels?: readonly Label[];
  /** Scores of images that the detector was not fitted on, for the p-values. @defaultValue none */
  readonly scores?: ArrayLike<number>;
  /** What the training images have in common, from {@link seenImages}; blank images and wrong preprocessing are then noticed. @defaultValue none */
  readonly seen?: SeenImages;
}

/** A classifier that may answer "unknown". */
export interface UnknownClassifier<Label extends string = string> {
  /** One prediction for each image of a batch `[B, ...inputShape]`, which stays the caller's. */
  predict(x: tf.Tensor): Promise<Prediction<Label>[]>;
}

const fn = 'withUnknown';

const KEYS: KeysOf<UnknownOptions> = { detector: true, threshold: true, labels: true, scores: true, seen: true };

/**
 * A classifier that answers "unknown" where a detector says that an image is unlike the training images, with the reason in words.
 * It takes one forward pass.
 *
 * An image is refused if its score is below the threshold, if its values lie outside the box of the model, or if it is nearly of
 * one colour or smooth, with less than half of what any training image has; all but the first take `seen`.
 *
 * @param model - The model that the detector was made of, for the names of its classes.
 * @throws OverconfidenceError `INVALID_OPTION` for options that are unknown or do not fit the number of classes. `predict` throws what
 *   {@link Detector.score} does.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { chooseThreshold, fitDetector, withUnknown } from 'relu-overconfidence/detectors';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const detector = await fitDetector('mahalanobis', model, uniformNoise([200, 2], { seed: 1 }));
 * const scores = await detector.score(uniformNoise([100, 2], { seed: 2 }));
 * const { predict } = withUnknown(model, { detector, threshold: chooseThreshold(scores), scores });
 * const [answer] = await predict(tf.tensor2d([[90, -90]]));
 * console.log(answer!.label, '-', answer!.reason); // unknown - it looks like no training image
 * ```
 */
export function withUnknown<Own extends string = string, Label extends string = Own>(
  model: ModelLike<Own>,
  options: UnknownOptions<Label>,
): UnknownClassifier<Label>;
export function withUnknown(model: ModelLike, options: UnknownOptions): UnknownClassifier {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { detector, threshold } = options;
  const labels = options.labels ?? labelsOf(model);
  if (labels !== undefined && labels.length !== detector.classes)
    refuse(
      { fn, argument: 'labels' },
      'INVALID_OPTION',
      `${detector.classes} names, one for each class`,
      String(labels.length),
      'Name every class.',
    );
  if (Array.isArray(threshold) ? threshold.length !== detector.classes : Number.isNaN(limitOf(threshold, 0)))
    refuse(
      { fn, argument: 'threshold' },
      'INVALID_OPTION',
      `a number, what chooseThreshold returns, or one of these for each of ${detector.classes} classes`,
      show(threshold),
      'Pass for example `threshold: chooseThreshold(scores)`.',
    );
  return { predict: (x) => judge(detector, { ...options, ...(labels && { labels }) }, x) };
}

/** The names that the classes of a classifier have. */
export function labelsOf(model: ModelLike): readonly string[] | undefined {
  return typeof model === 'object' && model !== null && 'labels' in model ? model.labels : undefined;
}

function limitOf(threshold: UnknownOptions['threshold'], index: number): number {
  if (typeof threshold === 'number') return threshold;
  const own = 'threshold' in threshold ? threshold : threshold[index];
  return own === undefined ? Number.POSITIVE_INFINITY : own.threshold;
}

async function judge(
  detector: Detector,
  { threshold, labels, scores, seen }: UnknownOptions,
  x: tf.Tensor,
): Promise<Prediction[]> {
  const { scores: found, logits } = await detector.look(x);
  const { classes, head, bounds } = detector;
  const ranges = seen && rangesOf(await x.data(), x.shape);
  const nameOf = (k: number) => labels?.[k] ?? String(k);
  return Array.from(found, (score, i) => {
    const z = Float64Array.from(row(logits, i, classes));
    const index = largest(z);
    const p = probabilitiesOf(z, head);
    const fault = seen && isPair(bounds) ? faultOf(ranges![i]!, seen, bounds) : undefined;
    const accepted = score >= limitOf(threshold, index) && !fault?.certain;
    return {
      label: accepted ? nameOf(index) : 'unknown',
      index,
      confidence: p[index]!,
      probabilities: p,
      score,
      pValue: scores === undefined ? Number.NaN : pValueOf(scores, score),
      reason: accepted
        ? 'it looks like the training images'
        : (fault?.reason ?? between(p, head, nameOf) ?? 'it looks like no training image'),
    };
  });
}

/** The probabilities of all classes, of their logits. */
export function probabilitiesOf(z: Float64Array, head: Detector['head']): Float64Array {
  return head === 'sigmoids' ? z.map((one) => 1 / (1 + Math.exp(-one))) : probabilities(z, 1);
}

/** The conformal p-value, of scores that were checked. */
function pValueOf(scores: ArrayLike<number>, score: number): number {
  let below = 1;
  for (let i = 0; i < scores.length; i++) if (scores[i]! <= score) below++;
  return below / (scores.length + 1);
}

/** A second class is in question if it has at least this share of the probability of the first. */
const CLOSE = 0.5;

/** That a second class is nearly as likely as the first, in words; undefined where it is not. */
export function between(p: Float64Array, head: Detector['head'], nameOf: (k: number) => string): string | undefined {
  if (head === 'sigmoids') return undefined;
  const first = largest(p);
  const second = largest(p.map((value, k) => (k === first ? -1 : value)));
  if (p[second]! < CLOSE * p[first]!) return undefined;
  return `it lies between the classes ${nameOf(first)} and ${nameOf(second)}`;
}
