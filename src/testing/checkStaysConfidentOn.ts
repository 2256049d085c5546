import type * as tf from '@tensorflow/tfjs-core';
import type { ReadOptions } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
import { checkFraction, checkKeys, type KeysOf, refuse, show } from '../core/check';
import { readLabels } from '../core/labels';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import {
  type CheckResult,
  counted,
  demand,
  digits,
  imageAt,
  imageInWords,
  indexOfLargest,
  type JudgedImage,
  judge,
  wording,
} from './checkResult';

/** What a model must keep to be confident. */
export interface StaysConfidentOptions extends ReadOptions {
  /** Lowest mean of the confidences (MMC of the paper's Table 1) that is accepted, in [0, 1]. */
  readonly minMmc: number;
  /** True classes of the images, indices `[B]` or one-hot rows `[B, K]`. @defaultValue none: errors are not counted */
  readonly labels?: tf.Tensor;
  /** Highest share of wrong predictions that is accepted, in [0, 1]; needs `labels`. @defaultValue 1 */
  readonly maxError?: number;
}

/** How confident a model is. */
export interface StaysConfidentResult extends CheckResult {
  /** Mean of the confidences. */
  readonly mmc: number;
  /** The bound on it that was asked for. */
  readonly minMmc: number;
  /** Share of wrong predictions; `undefined` without labels. */
  readonly error: number | undefined;
  /** The bound on it. */
  readonly maxError: number;
  /** Number of images looked at. */
  readonly samples: number;
  /** How many of them have a confidence below the bound. */
  readonly below: number;
  /** The image of the lowest confidence. */
  readonly worst: JudgedImage;
}

/**
 * Whether a model is still sure of itself, and right, where it should be: on images of its task the mean of its confidences
 * (MMC of Table 1 of arXiv 1812.05720) is at least `minMmc`, and no more than `maxError` of its predictions are wrong. A
 * model that is unsure of everything passes every other check.
 *
 * @param model - A model; see `classifier`.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds.
 * @returns The numbers, and the same in words; fails no test by itself, see {@link assertStaysConfidentOn}.
 * @throws OverconfidenceError, by rejecting the promise: `INVALID_OPTION` for a bound or `batchSize`; `INVALID_ARGUMENT` for
 *   `maxError` without labels; `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x`; `INVALID_SHAPE` or `INVALID_LABELS`
 *   for `labels`; `NON_FINITE` for `model` if its logits are not finite.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { checkStaysConfidentOn } from 'relu-overconfidence/testing';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, 9) as tf.Tensor2D;
 * const { mmc, error } = await checkStaysConfidentOn(model, tf.tensor2d([[1, 0], [0, 1]]), {
 *   minMmc: 0.9,
 *   labels: tf.tensor1d([0, 1], 'int32'),
 *   maxError: 0.05,
 * });
 * console.log(mmc, error); // 0.9998766054240137 0
 * ```
 */
export function checkStaysConfidentOn(
  model: ModelLike,
  x: tf.Tensor,
  options: StaysConfidentOptions,
): Promise<StaysConfidentResult> {
  return staysConfidentOn('checkStaysConfidentOn', model, x, options);
}

/**
 * Fails a test unless a model is still sure of itself, and right, on images of its task: the mean of its confidences must be
 * at least `minMmc`, the share of wrong predictions at most `maxError`; see {@link checkStaysConfidentOn}.
 *
 * @param model - A model; see `classifier`.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError as
 *   {@link checkStaysConfidentOn}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { assertStaysConfidentOn } from 'relu-overconfidence/testing';
 *
 * const model = (x: tf.Tensor) => tf.mul(x, 9) as tf.Tensor2D;
 * test('the model still knows what it knows', async () => {
 *   const labels = tf.tensor1d([0, 1], 'int32');
 *   await assertStaysConfidentOn(model, tf.tensor2d([[1, 0], [0, 1]]), { minMmc: 0.9, labels, maxError: 0.05 });
 * });
 * ```
 */
export async function assertStaysConfidentOn(
  model: ModelLike,
  x: tf.Tensor,
  options: StaysConfidentOptions,
): Promise<StaysConfidentResult> {
  return demand(await staysConfidentOn('assertStaysConfidentOn', model, x, options));
}

const KEYS: KeysOf<StaysConfidentOptions> = {
  minMmc: true,
  labels: true,
  maxError: true,
  batchSize: true,
  memory: true,
  onProgress: true,
  signal: true,
};

/** The same in the name of another function. */
export async function staysConfidentOn(
  fn: string,
  model: ModelLike,
  x: tf.Tensor,
  options: StaysConfidentOptions,
): Promise<StaysConfidentResult> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { minMmc, labels, maxError = 1, ...reading } = options;
  checkFraction({ fn, argument: 'minMmc' }, minMmc);
  checkFraction({ fn, argument: 'maxError' }, maxError);
  if (options.maxError !== undefined && labels === undefined)
    refuse(
      { fn, argument: 'labels' },
      'INVALID_ARGUMENT',
      'the true classes, as maxError is set',
      show(labels),
      'Pass both.',
    );
  const judgement = await judge(fn, model, x, reading);
  const { confidences, predicted, classes } = judgement;
  const samples = confidences.length;
  const truth = labels && (await readLabels({ fn, argument: 'labels' }, labels, classes, samples));
  const error = truth && predicted.filter((k, i) => k !== truth[i]).length / samples;
  const mmc = meanMaxConfidence(confidences);
  const result = {
    holds: mmc >= minMmc && (error === undefined || error <= maxError),
    mmc,
    minMmc,
    error,
    maxError,
    samples,
    below: confidences.filter((confidence) => confidence < minMmc).length,
    worst: imageAt(judgement, indexOfLargest(confidences.map((confidence) => -confidence))),
  };
  return { ...result, message: inWords(result) };
}

function inWords(result: Omit<StaysConfidentResult, 'message'>): string {
  const { holds, mmc, minMmc, error, maxError, samples, below, worst } = result;
  const claim = `stay confident on ${counted(samples, 'image')}: a mean confidence (MMC) of at least ${digits(minMmc)}`;
  const withError = error === undefined ? '' : `, and at most ${digits(100 * maxError)} % of predictions wrong`;
  return wording(holds, 'the model', claim + withError, [
    `MMC: ${digits(mmc)}, ${digits(Math.abs(mmc - minMmc))} ${mmc < minMmc ? 'below' : 'above'} the bound`,
    ...(error === undefined ? [] : [`wrong: ${Math.round(error * samples)} of ${samples} (${digits(100 * error)} %)`]),
    `below the bound: ${below} of ${counted(samples, 'image')}`,
    `least sure: ${imageInWords(worst)}`,
    `see it again: await confidences(model, tf.slice(x, ${worst.index}, 1))`,
  ]);
}
