import * as tf from '@tensorflow/tfjs-core';
import { logOdds } from '../classifier/logOdds';
import type { ModelLike } from '../classifier/types';
import { checkFraction, checkKeys, type KeysOf, refuse } from '../core/check';
import { auroc } from '../metrics/auroc';
import { checkScores } from '../metrics/checkScores';
import { fprAtTpr } from '../metrics/fprAtTpr';
import { thresholdAtTpr } from '../metrics/thresholdAtTpr';
import { type CheckResult, counted, demand, digits, indexOfLargest, wording } from './checkResult';

/** What tells two sets of scores apart; at least one of the two bounds. */
export interface SeparatesOptions {
  /** Lowest area under the ROC curve that is accepted, in [0, 1]. @defaultValue any will do */
  readonly minAuroc?: number;
  /** Highest false positive rate at a true positive rate of 95 % that is accepted, in [0, 1]. @defaultValue any will do */
  readonly maxFprAt95?: number;
}

/** How well scores tell in from out. */
export interface SeparatesResult extends CheckResult {
  /** Area under the ROC curve. */
  readonly auroc: number;
  /** False positive rate at a true positive rate of 95 %. */
  readonly fprAt95: number;
  /** The score that 95 % of the in-distribution examples reach. */
  readonly threshold: number;
  /** How many out-distribution examples reach it too. */
  readonly accepted: number;
  /** The out-distribution example that looks most like in-distribution. */
  readonly worst: {
    /** Its number, from 0. */
    readonly index: number;
    /** Its score. */
    readonly score: number;
  };
}

/** Scores, or images of which a model gives the scores. */
export type ScoresOrImages = ArrayLike<number> | tf.Tensor;

/** Both sides and what is asked of them: scores alone, or a model and for either side its images or their scores. */
export type SeparatesQuestion =
  | readonly [inScores: ArrayLike<number>, outScores: ArrayLike<number>, options: SeparatesOptions]
  | readonly [model: ModelLike, inside: ScoresOrImages, outside: ScoresOrImages, options: SeparatesOptions];

/**
 * Whether scores tell in-distribution examples from others: AUROC and FPR@95 as in Table 1 of arXiv 1812.05720 (ties count
 * half; the threshold is the 5th percentile of the in-distribution scores).
 *
 * @param inScores - Scores of in-distribution examples, higher = more in-distribution: confidences, or better the
 *   log-odds that `logOdds` gives. Infinities are allowed.
 * @param outScores - Scores of out-distribution examples on the same scale.
 * @returns The numbers, and the same in words; fails no test by itself, see {@link assertSeparates}.
 * @throws OverconfidenceError `EMPTY_INPUT` if a side has no scores, `NON_FINITE` for NaN, `INVALID_ARGUMENT` for anything
 *   but an array of numbers, `INVALID_OPTION` for a bound outside [0, 1] or if there is none.
 *
 * @example
 * ```ts
 * import { checkSeparates } from 'relu-overconfidence/testing';
 *
 * const { holds, auroc } = checkSeparates([0.9, 0.8, 0.7], [0.75, 0.2], { minAuroc: 0.9 });
 * console.log(holds, auroc); // false 0.8333333333333334
 * ```
 */
export function checkSeparates(
  inScores: ArrayLike<number>,
  outScores: ArrayLike<number>,
  options: SeparatesOptions,
): SeparatesResult;
/**
 * The same of a model: whether its log-odds tell images from others.
 *
 * @param model - A model; see `classifier`.
 * @param inside - In-distribution images `[N, ...inputShape]`, or scores that are known already. Images stay the caller's.
 * @param outside - Others, or their scores.
 */
export function checkSeparates(
  model: ModelLike,
  inside: ScoresOrImages,
  outside: ScoresOrImages,
  options: SeparatesOptions,
): Promise<SeparatesResult>;
export function checkSeparates(...given: SeparatesQuestion): SeparatesResult | Promise<SeparatesResult> {
  return separates('checkSeparates', given);
}

/**
 * Fails a test unless scores tell in-distribution examples from others: their AUROC must be at least `minAuroc`, their FPR@95
 * at most `maxFprAt95`; see {@link checkSeparates}.
 *
 * @param inScores - Scores of in-distribution examples, higher = more in-distribution; infinities are allowed.
 * @param outScores - Scores of out-distribution examples on the same scale.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError} with the numbers in its message; OverconfidenceError as {@link checkSeparates}.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { assertSeparates } from 'relu-overconfidence/testing';
 *
 * test('the scores tell noise from digits', () => {
 *   assertSeparates([0.9, 0.8, 0.7], [0.3, 0.2], { minAuroc: 0.95, maxFprAt95: 0.1 });
 * });
 * ```
 */
export function assertSeparates(
  inScores: ArrayLike<number>,
  outScores: ArrayLike<number>,
  options: SeparatesOptions,
): SeparatesResult;
/**
 * The same of a model: fails a test unless its log-odds tell images from others. Await it.
 *
 * @param model - A model; see `classifier`.
 * @param inside - In-distribution images `[N, ...inputShape]`, or scores that are known already. Images stay the caller's.
 * @param outside - Others, or their scores.
 */
export function assertSeparates(
  model: ModelLike,
  inside: ScoresOrImages,
  outside: ScoresOrImages,
  options: SeparatesOptions,
): Promise<SeparatesResult>;
export function assertSeparates(...given: SeparatesQuestion): SeparatesResult | Promise<SeparatesResult> {
  const result = separates('assertSeparates', given);
  return result instanceof Promise ? result.then(demand) : demand(result);
}

/** The check in the name of any function: of scores at once, of a model and images as a promise. */
export function separates(fn: string, given: SeparatesQuestion): SeparatesResult | Promise<SeparatesResult> {
  return given.length === 4 ? modelSeparates(fn, ...given) : scoresSeparate(fn, ...given);
}

async function modelSeparates(
  fn: string,
  model: ModelLike,
  inside: ScoresOrImages,
  outside: ScoresOrImages,
  options: SeparatesOptions,
): Promise<SeparatesResult> {
  checkBoundsGiven(fn, options);
  const inScores = await scoresOf(model, inside);
  return scoresSeparate(fn, inScores, await scoresOf(model, outside), options);
}

/** Scores as they are; for images the log-odds of the model. */
async function scoresOf(model: ModelLike, given: ScoresOrImages): Promise<ArrayLike<number>> {
  return given instanceof tf.Tensor ? logOdds(model, given) : given;
}

function scoresSeparate(
  fn: string,
  inScores: ArrayLike<number>,
  outScores: ArrayLike<number>,
  options: SeparatesOptions,
): SeparatesResult {
  checkBoundsGiven(fn, options);
  checkScores({ fn, argument: 'inScores' }, inScores);
  checkScores({ fn, argument: 'outScores' }, outScores);
  const { minAuroc = 0, maxFprAt95 = 1 } = options;
  const area = auroc(inScores, outScores);
  const fprAt95 = fprAtTpr(inScores, outScores);
  const index = indexOfLargest(outScores);
  const result = {
    holds: area >= minAuroc && fprAt95 <= maxFprAt95,
    auroc: area,
    fprAt95,
    threshold: thresholdAtTpr(inScores, 0.95),
    accepted: Math.round(fprAt95 * outScores.length),
    worst: { index, score: outScores[index]! },
  };
  const sizes = `${counted(inScores.length, 'in-score')} from ${counted(outScores.length, 'out-score')}`;
  return { ...result, message: inWords(result, sizes, options) };
}

const KEYS: KeysOf<SeparatesOptions> = { minAuroc: true, maxFprAt95: true };

function checkBoundsGiven(fn: string, options: SeparatesOptions): void {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { minAuroc, maxFprAt95 } = options;
  if (minAuroc === undefined && maxFprAt95 === undefined)
    refuse(
      { fn, argument: 'options' },
      'INVALID_OPTION',
      'at least one bound',
      'none',
      'Pass for example `minAuroc: 0.9`.',
    );
  if (minAuroc !== undefined) checkFraction({ fn, argument: 'minAuroc' }, minAuroc);
  if (maxFprAt95 !== undefined) checkFraction({ fn, argument: 'maxFprAt95' }, maxFprAt95);
}

function inWords(
  { holds, auroc, fprAt95, threshold, accepted, worst }: Omit<SeparatesResult, 'message'>,
  sizes: string,
  { minAuroc, maxFprAt95 }: SeparatesOptions,
): string {
  const bounds = [
    ...(minAuroc === undefined ? [] : [`an AUROC of at least ${digits(minAuroc)}`]),
    ...(maxFprAt95 === undefined ? [] : [`an FPR@95 of at most ${digits(maxFprAt95)}`]),
  ];
  return wording(holds, 'the scores', `tell ${sizes}: ${bounds.join(' and ')}`, [
    `AUROC: ${digits(auroc)}`,
    `FPR@95: ${digits(fprAt95)} (${accepted} reach ${digits(threshold)}, as 95 % of the in-scores do)`,
    `worst: outScores[${worst.index}] = ${digits(worst.score)}`,
  ]);
}
