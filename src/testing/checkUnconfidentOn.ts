import type * as tf from '@tensorflow/tfjs-core';
import type { ReadOptions } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
import { checkFraction, checkKeys, type KeysOf } from '../core/check';
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
  type Judgement,
  judge,
  wording,
} from './checkResult';

/** What a model must not exceed to be unconfident. */
export interface UnconfidentOptions extends ReadOptions {
  /** Highest mean of the confidences (MMC of the paper's Table 1) that is accepted, in [0, 1]. */
  readonly maxMmc: number;
}

/** How unconfident a model is. */
export interface UnconfidentResult extends CheckResult {
  /** Mean of the confidences. */
  readonly mmc: number;
  /** The bound that was asked for. */
  readonly maxMmc: number;
  /** Number of images looked at. */
  readonly samples: number;
  /** How many of them have a confidence above the bound. */
  readonly above: number;
  /** The image of the highest confidence. */
  readonly worst: JudgedImage;
}

/**
 * Whether a model is unsure of itself on images that it should not be sure of: the mean of its confidences (MMC of Table 1
 * of arXiv 1812.05720) is at most `maxMmc`.
 *
 * @param model - A model; see `classifier`.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds. Noise, for example.
 * @returns The numbers, and the same in words; fails no test by itself, see {@link assertUnconfidentOn}.
 * @throws OverconfidenceError, by rejecting the promise: `INVALID_OPTION` for `maxMmc` or `batchSize`; `INVALID_SHAPE`,
 *   `EMPTY_INPUT` or `NON_FINITE` for `x`; `NON_FINITE` for `model` if its logits are not finite.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { checkUnconfidentOn } from 'relu-overconfidence/testing';
 *
 * const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 * const { holds, mmc, worst } = await checkUnconfidentOn(model, uniformNoise([50, 4], { seed: 1 }), { maxMmc: 0.9 });
 * console.log(holds, mmc, worst); // true, a number in [1/3, 0.9], { index, confidence, predicted }
 * ```
 */
export function checkUnconfidentOn(
  model: ModelLike,
  x: tf.Tensor,
  options: UnconfidentOptions,
): Promise<UnconfidentResult> {
  return unconfidentOn('checkUnconfidentOn', model, x, options);
}

/**
 * Fails a test unless a model is unsure of itself on images that it should not be sure of, such as noise: the mean of its
 * confidences must be at most `maxMmc`; see {@link checkUnconfidentOn}. For node:test and any other test runner.
 *
 * @param model - A model; see `classifier`.
 * @param x - `[B, ...inputShape]`, finite; may lie outside the classifier's bounds.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError as
 *   {@link checkUnconfidentOn}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { assertUnconfidentOn } from 'relu-overconfidence/testing';
 *
 * const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 * test('the model knows that it does not know noise', async () => {
 *   await assertUnconfidentOn(model, uniformNoise([50, 4], { seed: 1 }), { maxMmc: 0.9 });
 * });
 * ```
 */
export async function assertUnconfidentOn(
  model: ModelLike,
  x: tf.Tensor,
  options: UnconfidentOptions,
): Promise<UnconfidentResult> {
  return demand(await unconfidentOn('assertUnconfidentOn', model, x, options));
}

const KEYS: KeysOf<UnconfidentOptions> = {
  maxMmc: true,
  batchSize: true,
  memory: true,
  onProgress: true,
  signal: true,
};

/** The same in the name of another function. */
export async function unconfidentOn(
  fn: string,
  model: ModelLike,
  x: tf.Tensor,
  options: UnconfidentOptions,
): Promise<UnconfidentResult> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { maxMmc, ...reading } = options;
  checkFraction({ fn, argument: 'maxMmc' }, maxMmc);
  const found = boundedMean(await judge(fn, model, x, reading), maxMmc);
  const message = wording(found.holds, 'the model', unconfident(found), [
    ...meanInWords(found),
    `see it again: await confidences(model, tf.slice(x, ${found.worst.index}, 1))`,
  ]);
  return { ...found, message };
}

/** The numbers of a judgement against a bound on its mean. */
export function boundedMean(judgement: Judgement, maxMmc: number): Omit<UnconfidentResult, 'message'> {
  const { confidences } = judgement;
  const mmc = meanMaxConfidence(confidences);
  return {
    holds: mmc <= maxMmc,
    mmc,
    maxMmc,
    samples: confidences.length,
    above: confidences.filter((confidence) => confidence > maxMmc).length,
    worst: imageAt(judgement, indexOfLargest(confidences)),
  };
}

/** What was asked for. */
export function unconfident({ samples, maxMmc }: Omit<UnconfidentResult, 'message'>): string {
  return `be unconfident on ${counted(samples, 'image')}: a mean confidence (MMC) of at most ${digits(maxMmc)}`;
}

/** The mean, how many lie above the bound, and the worst. */
export function meanInWords({ mmc, maxMmc, above, samples, worst }: Omit<UnconfidentResult, 'message'>): string[] {
  return [
    `MMC: ${digits(mmc)}, ${digits(Math.abs(mmc - maxMmc))} ${mmc > maxMmc ? 'above' : 'below'} the bound`,
    `above the bound: ${above} of ${counted(samples, 'image')}`,
    `worst: ${imageInWords(worst)}`,
  ];
}
