import * as tf from '@tensorflow/tfjs-core';
import { logOdds } from '../classifier/logOdds';
import type { ModelLike } from '../classifier/types';
import { type SeparatesOptions, separates } from './checkSeparates';
import { matcherResult } from './matcherResult';
import type { MatcherResult, ScoresOrImages, SeparateArguments } from './matcherTypes';

/** The matcher of that name: of scores at once, of a model and images as a promise. */
export function toSeparate(
  received: ArrayLike<number> | ModelLike,
  ...given: SeparateArguments
): MatcherResult | Promise<MatcherResult> {
  if (given.length === 3) return separatesBy(received as ModelLike, ...given);
  return matcherResult(separates('toSeparate', received as ArrayLike<number>, ...given));
}

async function separatesBy(
  model: ModelLike,
  inside: ScoresOrImages,
  outside: ScoresOrImages,
  options: SeparatesOptions,
): Promise<MatcherResult> {
  const inScores = await scoresOf(model, inside);
  return matcherResult(separates('toSeparate', inScores, await scoresOf(model, outside), options));
}

/** Scores as they are; for images the log-odds of the model. */
async function scoresOf(model: ModelLike, given: ScoresOrImages): Promise<ArrayLike<number>> {
  return given instanceof tf.Tensor ? logOdds(model, given) : given;
}
