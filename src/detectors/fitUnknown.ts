import type * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import type { ReadOptions } from '../classifier/readLogits';
import type { Classifier, ModelLike } from '../classifier/types';
import { checkKeys, checkOneOf, type KeysOf, refuse } from '../core/check';
import { checkBatch } from '../core/checkTensor';
import { OverconfidenceError } from '../core/errors';
import { inTasks } from '../core/pausing';
import { type RandomOptions, resolveRng } from '../core/resolveRng';
import { auroc } from '../metrics/auroc';
import { chooseThreshold, type ThresholdOptions } from './chooseThreshold';
import { destroyedRows } from './destroyed';
import { detectorOf, scoresOf } from './detector';
import type { FeatureRows } from './features';
import { given, readerOf, sampleOf } from './fitDetector';
import { type DetectorKind, fitParts, KINDS, rowScoreOf } from './kinds';
import { probeOf } from './probeImage';
import type { SavedUnknown } from './restoreUnknown';
import { roundedPoints } from './scores/rounded';
import type { Parts } from './scores/rows';
import { seenImages } from './seenImages';
import { type Stage, stagesOf } from './stages';
import type { Detector } from './types';
import { type UnknownClassifier, withUnknown } from './withUnknown';

/** How {@link fitUnknown} is to work. Progress is counted in images that the model has seen. */
export interface FitUnknownOptions extends ThresholdOptions, ReadOptions, RandomOptions {
  /** The kinds of scores among which one is chosen. @defaultValue max-softmax, energy, knn, mean-knn, mahalanobis, vim, fdbd */
  readonly kinds?: readonly DetectorKind[];
}

/** A kind of score that was tried. */
export interface TriedDetector {
  /** Which score it is. */
  readonly kind: DetectorKind;
  /** The layer whose features it looks at; left out for scores of the logits. */
  readonly layer?: string;
  /** The area under the ROC curve against each set of destroyed images; empty where it could not be fitted. */
  readonly auroc: Readonly<Record<string, number>>;
  /** The share of each set below the threshold that `keep` asks for. */
  readonly refused: Readonly<Record<string, number>>;
  /** The mean of the areas, by which one is chosen; NaN where it could not be fitted. */
  readonly mean: number;
  /** Why it could not be fitted, in words; left out where it could. */
  readonly failed?: string;
}

/** A classifier that may answer "unknown", with all that it was made of. */
export interface FittedUnknown<Label extends string = string> extends UnknownClassifier<Label> {
  /** The score that was chosen. */
  readonly detector: Detector;
  /** All that were tried, the best first. */
  readonly tried: readonly TriedDetector[];
  /**
   * For each image that was held out its place and its score, by a detector that had not seen it: all images, each in one of five
   * parts, or a third of more than 1,000.
   */
  readonly heldOut: {
    /** The places of the images. */
    readonly places: Int32Array;
    /** Their scores. */
    readonly scores: Float64Array;
  };
  /** Plain data for JSON, which {@link restoreUnknown} takes. */
  save(): SavedUnknown;
}

const fn = 'fitUnknown';

const KEYS: KeysOf<FitUnknownOptions> = {
  keep: true,
  certainty: true,
  promise: true,
  later: true,
  kinds: true,
  batchSize: true,
  memory: true,
  onProgress: true,
  signal: true,
  seed: true,
  rng: true,
};

/** What is tried unless told otherwise, from the simplest on: of equals the first is taken. */
const USUAL: readonly DetectorKind[] = ['max-softmax', 'energy', 'knn', 'mean-knn', 'mahalanobis', 'vim', 'fdbd'];
/** Images that are destroyed in each way, at the most. */
const DESTROYED = 60;
/** With more images a third is held out once; with fewer each is held out in one of so many parts. */
const [MANY, PARTS] = [1000, 5];
/** Fewer images than this are refused. */
const FEWEST = 10;

/**
 * Makes a classifier that answers "unknown" out of a model and photographs of its task, with no other images: the score is chosen by how
 * well it tells photographs that were held out from photographs that were destroyed, so that they show nothing (patches or
 * pixels shuffled, blurred, blocks of their colours, two classes laid over each other). Then it learns from all photographs, and
 * the threshold is chosen from scores of photographs by a detector that had not seen them; see {@link chooseThreshold}.
 *
 * Scores of features look at two layers: at the one in front of the last, and at the first that is a vector, which in a model made by
 * transfer learning is the end of the large network.
 *
 * @param model - A model; see `classifier`. Its labels, if it has any, are saved too.
 * @param x - Photographs `[n, ...inputShape]` of all classes, 10 or more; they need no labels. Stays the caller's.
 * @returns The classifier, with what was tried.
 * @throws OverconfidenceError `EMPTY_INPUT` for fewer than 10 images; `INVALID_SHAPE`, `NON_FINITE`, `INVALID_OPTION`, `ABORTED`;
 *   `UNSUPPORTED_MODEL` if none of `kinds` can be fitted.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { fitUnknown } from 'relu-overconfidence/detectors';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const guard = await fitUnknown(model, uniformNoise([100, 2], { seed: 1 }), { kinds: ['knn', 'mahalanobis'], seed: 1 });
 * const [answer] = await guard.predict(tf.tensor2d([[50, -80]]));
 * console.log(answer!.label); // unknown
 * ```
 */
export function fitUnknown<Label extends string = string>(
  model: ModelLike<Label>,
  x: tf.Tensor,
  options?: FitUnknownOptions,
): Promise<FittedUnknown<Label>>;
export async function fitUnknown(
  model: ModelLike,
  x: tf.Tensor,
  options: FitUnknownOptions = {},
): Promise<FittedUnknown> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { kinds = USUAL, keep, certainty, promise, later, seed, rng: drawn, ...reading } = options;
  for (const kind of kinds) checkOneOf({ fn, argument: 'kinds' }, kind, Object.keys(KINDS) as DetectorKind[]);
  const threshold = given({ keep, certainty, promise, later });
  chooseThreshold([0], threshold);
  const rng = resolveRng(given({ seed, rng: drawn }));
  const net = asClassifier(fn, model, x);
  checkBatch({ fn, argument: 'x' }, x, net.inputShape);
  const count = x.shape[0]!;
  if (count < FEWEST)
    refuse({ fn, argument: 'x' }, 'EMPTY_INPUT', `${FEWEST} images or more`, String(count), 'Take more photographs.');
  const stages = await stagesOf(fn, net);
  const rows = await stages.read(x, reading);
  const seen = await seenImages(x);
  const order = rng.fork('split').permutation(count);
  const held = Array.from(order.subarray(0, Math.ceil(count / 3)));
  const rest = Array.from(order.subarray(held.length));
  const outs = await destroyedRows(net, x, held.slice(0, DESTROYED), rows[0]!, rng.fork('destroy'), (images) =>
    stages.read(images, reading),
  );
  const context: Context = { classes: net.classes, rows, stages: stages.list, signal: reading.signal };
  const attempts = [];
  for (const one of candidates(kinds, stages.list, net))
    attempts.push(await attempt(context, one, { rest, held, outs, threshold }));
  const tried = attempts.sort((a, b) =>
    Number.isNaN(b.tried.mean) ? -1 : Number.isNaN(a.tried.mean) ? 1 : b.tried.mean - a.tried.mean,
  );
  const best = tried[0];
  if (best?.parts === undefined)
    return refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a model and images that one of the kinds can be fitted to',
      best?.tried.failed ?? 'no kind at all',
      "Take more photographs, or other `kinds`, such as 'energy'.",
    );
  const many = count > MANY;
  const parts = many ? best.parts : await fit(context, best.candidate, Array.from(order));
  const heldOut = many
    ? { places: Int32Array.from(held), scores: best.scores }
    : { places: order, scores: await crossed(context, best.candidate, order) };
  const layer = best.candidate.stage?.layer;
  const detector = detectorOf({
    kind: best.candidate.kind,
    reader: readerOf(fn, best.candidate.kind, model, layer, x),
    parts,
    probe: await probeOf(net),
  });
  const chosen = chooseThreshold(heldOut.scores, threshold);
  // JSON has no infinities, which scores of classes that were never seen are.
  const scores = Array.from(heldOut.scores, finite).sort((a, b) => a - b);
  const { labels, bounds, head = 'softmax' } = net;
  return {
    detector,
    tried: tried.map((one) => one.tried),
    heldOut,
    predict: withUnknown(net, { detector, threshold: chosen, scores, seen }).predict,
    save: (): SavedUnknown => ({
      format: 'relu-overconfidence/unknown@1',
      detector: detector.save(),
      threshold: { ...chosen, threshold: finite(chosen.threshold) },
      scores,
      labels: labels ?? null,
      bounds,
      head,
      seen,
    }),
  };
}

function finite(score: number): number {
  return Math.min(Math.max(score, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/** A kind of score of a layer, or of the logits. */
interface Candidate {
  readonly kind: DetectorKind;
  readonly stage: Stage | undefined;
}

/** What all fits share: rows of the logits, and of the features of each stage. */
interface Context {
  readonly classes: number;
  readonly rows: readonly FeatureRows[];
  readonly stages: readonly Stage[];
  readonly signal: AbortSignal | undefined;
}

function candidates(kinds: readonly DetectorKind[], stages: readonly Stage[], { head }: Classifier): Candidate[] {
  return kinds.flatMap((kind): Candidate[] => {
    const { needs } = KINDS[kind];
    if (kind === 'temperature') return [];
    if (needs === 'logits') return head === 'sigmoids' && kind !== 'max-logit' ? [] : [{ kind, stage: undefined }];
    return stages.filter(({ head: last }) => needs === 'features' || last).map((stage) => ({ kind, stage }));
  });
}

/** The rows of a candidate: those of its stage, or of the first for the logits alone. */
function rowsFor({ rows, stages }: Context, { stage }: Candidate, of = rows): FeatureRows {
  if (stage !== undefined) return of[stages.indexOf(stage)]!;
  const { logits, count } = of[0]!;
  return { features: new Float32Array(0), logits, count };
}

function fit(context: Context, { kind, stage }: Candidate, places: readonly number[]): Promise<Parts> {
  const rows = picked(rowsFor(context, { kind, stage }), places);
  return inTasks(fn, fitParts(fn, kind, sampleOf(rows, context.classes), stage?.head, {}), context.signal);
}

function scored(candidate: Candidate, parts: Parts, rows: FeatureRows): Float64Array {
  return scoresOf(rowScoreOf(candidate.kind, parts, candidate.stage?.size ?? 0, roundedPoints), rows);
}

/** What a candidate is tried on: photographs to fit, others that are held out, and destroyed ones. */
interface Trial {
  readonly rest: readonly number[];
  readonly held: readonly number[];
  readonly outs: Readonly<Record<string, readonly FeatureRows[]>>;
  readonly threshold: ThresholdOptions;
}

async function attempt(context: Context, candidate: Candidate, { rest, held, outs, threshold }: Trial) {
  const named = { kind: candidate.kind, ...(candidate.stage && { layer: candidate.stage.layer }) };
  try {
    const parts = await fit(context, candidate, rest);
    const scores = scored(candidate, parts, picked(rowsFor(context, candidate), held));
    const limit = chooseThreshold(scores, threshold).threshold;
    const of = Object.entries(outs).map(([name, rows]) => {
      const out = scored(candidate, parts, rowsFor(context, candidate, rows));
      return { name, area: auroc(scores, out), share: out.filter((score) => score < limit).length / out.length };
    });
    const tried: TriedDetector = {
      ...named,
      auroc: Object.fromEntries(of.map(({ name, area }) => [name, area])),
      refused: Object.fromEntries(of.map(({ name, share }) => [name, share])),
      mean: of.reduce((sum, { area }) => sum + area, 0) / of.length,
    };
    return { candidate, parts, scores, tried };
  } catch (error) {
    if (!(error instanceof OverconfidenceError) || error.code === 'ABORTED') throw error;
    const tried: TriedDetector = {
      ...named,
      auroc: {},
      refused: {},
      mean: Number.NaN,
      failed: `${error.expected}, got ${error.got}`,
    };
    return { candidate, parts: undefined, scores: new Float64Array(), tried };
  }
}

/** The score of each image by a detector that was fitted on the other parts; in the order given. */
async function crossed(context: Context, candidate: Candidate, order: Int32Array): Promise<Float64Array> {
  const scores = new Float64Array(order.length);
  for (let part = 0; part < PARTS; part++) {
    const inside = Array.from(order.keys()).filter((i) => i % PARTS === part);
    const others = Array.from(order.keys()).filter((i) => i % PARTS !== part);
    const parts = await fit(
      context,
      candidate,
      others.map((i) => order[i]!),
    );
    const rows = picked(
      rowsFor(context, candidate),
      inside.map((i) => order[i]!),
    );
    const found = scored(candidate, parts, rows);
    for (const [j, i] of inside.entries()) scores[i] = found[j]!;
  }
  return scores;
}

/** Some of the rows. */
function picked({ features, logits, count }: FeatureRows, places: readonly number[]): FeatureRows {
  const pick = (values: Float32Array) => {
    const size = values.length / count;
    const result = new Float32Array(places.length * size);
    for (const [i, place] of places.entries()) result.set(values.subarray(place * size, (place + 1) * size), i * size);
    return result;
  };
  return { features: pick(features), logits: pick(logits), count: places.length };
}
