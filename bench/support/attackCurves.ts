import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Attack, maxLogOdds, type Objective } from 'relu-overconfidence';

const EPSILON = 0.3;

/** What an attack had found for each image after every objective it evaluated: the best log-odds so far. */
export interface Course {
  /** `bestAfter[i][image]` after evaluation number i of the objective, from 0. */
  readonly bestAfter: readonly Float64Array[];
  readonly gradientEvaluations: number;
}

/** Runs an attack and watches it; `objective` is what it maximises. */
export async function watch(
  attack: Attack,
  model: LayersModel,
  noise: tf.Tensor,
  { steps, objective }: { readonly steps: number; readonly objective: Objective },
): Promise<Course> {
  const seen: tf.Tensor1D[] = [];
  const watched = (logits: tf.Tensor2D) => {
    seen.push(tf.keep(maxLogOdds(logits)));
    return objective(logits);
  };
  const found = attack(model, noise, { epsilon: EPSILON, steps, objective: watched, seed: 1 });
  const best = new Float64Array(noise.shape[0]!).fill(Number.NEGATIVE_INFINITY);
  const bestAfter: Float64Array[] = [];
  for (const values of seen) {
    for (const [i, value] of (await values.data<'float32'>()).entries()) best[i] = Math.max(best[i]!, value);
    bestAfter.push(best.slice());
  }
  tf.dispose([found.adversarial, found.objective, seen]);
  return { bestAfter, gradientEvaluations: found.gradientEvaluations };
}

/** Mean of 1 - confidence, from log-odds: it tells confidences apart that all round to 1. */
export function doubt(logOdds: Float64Array): number {
  return logOdds.reduce((sum, odds) => sum + 1 / (1 + Math.exp(odds)), 0) / logOdds.length;
}

/** The mean confidence in three digits, or `1 - 2e-9` where that reads 1. */
export function confidence(doubtLeft: number): string {
  return doubtLeft < 5e-4 ? `1 - ${doubtLeft.toExponential(0)}` : (1 - doubtLeft).toFixed(3);
}
