import * as tf from '@tensorflow/tfjs-core';
import type { Objective } from '../attacks/types';
import { rowLogOdds } from '../classifier/logOdds';
import { argMax } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import type { Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import { checkMade } from './imageSets';
import type { ResolvedAttack } from './oodAttacks';
import { type Runner, thisProcess } from './runner';

const fn = 'evaluateOod';

/** Images, and of an attack how many of them had no gradient to follow, where it tells. */
export interface Made {
  readonly images: tf.Tensor;
  readonly blindImages?: number | undefined;
}

/** What changes from batch to batch. */
export interface AttackRun {
  /** The option that tells the attack. */
  readonly argument: string;
  /** The side that is attacked: `'out'` wants high confidence, `'in'` low. */
  readonly side: 'in' | 'out';
  readonly rng: Rng;
  /** What is maximised; by default the attack's own objective. */
  readonly objective: Objective | undefined;
  readonly memory: number | undefined;
  readonly onStep: () => void;
}

/** Attacks one batch by all members of the attack, and keeps for each image what has taken its confidence farthest. */
export async function attackBatch(
  runner: Runner,
  { members, ...settings }: ResolvedAttack,
  net: Classifier,
  images: tf.Tensor,
  { argument, side, objective, rng, memory, onStep }: AttackRun,
): Promise<Made> {
  const { epsilon, steps, stepSize } = settings;
  const given = { ...(stepSize !== undefined && { stepSize }), ...(memory !== undefined && { memory }) };
  const options = { epsilon, ...given, steps, bounds: net.bounds, onStep, ...(objective && { objective }) };
  let best: (Made & { readonly logOdds?: readonly number[] }) | undefined;
  try {
    for (const [number, { attack, restarts, from }] of members.entries()) {
      const run = { ...options, restarts, rng: members.length === 1 ? rng : rng.fork(number) };
      // What is followed on the second model is its own confidence.
      const { adversarial, blindImages } =
        from === undefined
          ? await runner.attack(attack, net, images, run)
          : await thisProcess.attack(attack, from, images, { ...run, objective: ownObjective(from, side) });
      const now: Made = { images: adversarial, ...(from === undefined && { blindImages }) };
      const before = best;
      best = now;
      try {
        checkMade({ fn, argument: `${argument}.attack` }, adversarial, net, images.shape[0]!);
        if (members.length > 1) best = await farther(runner, net, before, now, side, memory);
      } finally {
        if (before !== undefined) tf.dispose(before.images);
        if (best !== now) tf.dispose(now.images);
      }
    }
  } catch (error) {
    if (best !== undefined) tf.dispose(best.images);
    throw error;
  }
  const { images: found, blindImages } = best!;
  return { images: found, blindImages };
}

function ownObjective(net: Classifier, side: 'in' | 'out'): Objective {
  const { logOdds, lowLogOdds } = lossesOf(net);
  return side === 'out' ? logOdds : lowLogOdds;
}

/** Images with their log-odds under the model. */
interface Weighed extends Made {
  readonly logOdds?: readonly number[];
}

/** For each image the one of two that is the more confident, or on the in side the less confident; new tensors. */
async function farther(
  runner: Runner,
  net: Classifier,
  before: Weighed | undefined,
  now: Made,
  side: 'in' | 'out',
  memory: number | undefined,
): Promise<Weighed> {
  const { logOdds } = await batchOdds(runner, net, now.images, memory);
  if (before === undefined) return { ...now, images: tf.clone(now.images), logOdds };
  const sign = side === 'out' ? 1 : -1;
  const better = logOdds.map((odds, i) => sign * odds > sign * before.logOdds![i]!);
  const images = tf.tidy(() => {
    const mask = tf.tensor(better, [better.length, ...now.images.shape.slice(1).map(() => 1)], 'bool');
    return tf.where(mask, now.images, before.images);
  });
  // An image was seen by the attacks together where one of them saw it.
  const counts = [before.blindImages, now.blindImages].filter((count) => count !== undefined);
  const blindImages = counts.length === 0 ? undefined : Math.min(...counts);
  return { images, blindImages, logOdds: logOdds.map((odds, i) => (better[i] ? odds : before.logOdds![i]!)) };
}

/** Log-odds of the predicted class of each image of a batch, and that class. */
export async function batchOdds(
  runner: Runner,
  net: Classifier,
  images: tf.Tensor,
  memory: number | undefined,
): Promise<{ readonly logOdds: number[]; readonly predicted: number[] }> {
  const { values, classes, head } = await runner.logits('evaluateOod', net, images, {
    batchSize: images.shape[0]!,
    ...(memory !== undefined && { memory }),
  });
  const rows = Array.from({ length: images.shape[0]! }, (_, i) => i * classes);
  return {
    logOdds: rows.map((offset) => rowLogOdds(values, offset, classes, head)),
    predicted: rows.map((offset) => argMax(values, offset, classes)),
  };
}
