import * as tf from '@tensorflow/tfjs-core';
import { select } from '../attacks/perImage';
import type { Objective } from '../attacks/types';
import { rowLogOdds } from '../classifier/logOdds';
import { argMax } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { refuse, type Where } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import type { Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
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
  /** How far images were taken, more for farther; by default by their log-odds. */
  readonly weigh?: (images: tf.Tensor) => Promise<readonly number[]>;
  readonly memory: number | undefined;
  readonly onStep: () => void;
}

/** Attacks one batch by all members of the attack, and keeps for each image what has taken its confidence farthest. */
export async function attackBatch(
  runner: Runner,
  { members, ...settings }: ResolvedAttack,
  net: Classifier,
  images: tf.Tensor,
  { argument, side, objective, rng, memory, onStep, ...run }: AttackRun,
): Promise<Made> {
  const { epsilon, steps, stepSize } = settings;
  const given = { ...(stepSize !== undefined && { stepSize }), ...(memory !== undefined && { memory }) };
  const options = { epsilon, ...given, steps, bounds: net.bounds, onStep, ...(objective && { objective }) };
  const sign = side === 'out' ? 1 : -1;
  const byOdds = async (made: tf.Tensor) =>
    (await batchOdds(runner, net, made, memory)).logOdds.map((odds) => sign * odds);
  const { weigh = byOdds } = run;
  let best: Weighed | undefined;
  try {
    for (const [number, { attack, restarts, from }] of members.entries()) {
      const how = { ...options, restarts, rng: members.length === 1 ? rng : rng.fork(number) };
      // What is followed on the second model is its own confidence.
      const { adversarial, blindImages } =
        from === undefined
          ? await runner.attack(attack, net, images, how)
          : await thisProcess.attack(attack, from, images, { ...how, objective: ownObjective(from, side) });
      const now: Made = { images: adversarial, ...(from === undefined && { blindImages }) };
      const before = best;
      best = now;
      try {
        checkMade({ fn, argument: `${argument}.attack` }, adversarial, net, images.shape[0]!);
        if (members.length > 1) best = farther(before, now, await weigh(adversarial));
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

/** Images, and how far each was taken. */
interface Weighed extends Made {
  readonly weights?: readonly number[];
}

/** For each image the one of two that was taken the farther; a new tensor. */
function farther(before: Weighed | undefined, now: Made, weights: readonly number[]): Weighed {
  if (before === undefined) return { ...now, images: tf.clone(now.images), weights };
  const better = weights.map((weight, i) => weight > before.weights![i]!);
  const images = tf.tidy(() => select(tf.tensor1d(better, 'bool'), now.images, before.images));
  // An image was seen by the attacks together where one of them saw it.
  const counts = [before.blindImages, now.blindImages].filter((count) => count !== undefined);
  const blindImages = counts.length === 0 ? undefined : Math.min(...counts);
  return { images, blindImages, weights: weights.map((weight, i) => (better[i] ? weight : before.weights![i]!)) };
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

/** A batch of images that the classifier takes: float32, of its input shape, inside its bounds. */
export function checkImageSet(where: Where, images: tf.Tensor, net: Classifier): void {
  checkBatch(where, images, net.inputShape);
  if (images.dtype !== 'float32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 tensor', images.dtype, "Convert it with tf.cast(x, 'float32').");
  checkInBounds(where, images, net.bounds);
}

/** The same for images that a caller's function made, of which there must be one for each that it was given. */
export function checkMade(where: Where, images: tf.Tensor, net: Classifier, count: number): void {
  checkImageSet(where, images, net);
  if (images.shape[0] !== count)
    refuse(
      where,
      'INVALID_SHAPE',
      `a function that returns as many images as it is given (${count})`,
      `a result of shape [${images.shape.join(', ')}]`,
      'Return a batch of the shape that came in.',
    );
}
