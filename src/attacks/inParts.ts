import * as tf from '@tensorflow/tfjs-core';
import { imagesWithin, isOutOfMemory } from '../classifier/imagesWithin';
import { labelsOfObjective } from '../losses/crossEntropy';
import { lossesOf, lossName } from '../losses/headLosses';
import { type AttackTask, inUnitBox } from './prepareAttack';
import type { AttackResult, AttackStep, Objective } from './types';

type RunTask = (task: AttackTask) => AttackResult;

/** Some rows of a batch: the first one, and how many. */
type Part = readonly [first: number, count: number];

/**
 * Attacks a batch in as many parts as memory asks for, with the result of the whole: random numbers are drawn for the whole
 * batch in each. An objective of the caller's own may know one image from another by its place, so its batch stays whole.
 */
export function inParts(task: AttackTask, run: RunTask): AttackResult {
  const attack: RunTask = (part) => inUnitBox(part, run);
  const { center, classifier, fn, memory, rng } = task;
  const objectiveOf = partsOf(task.objective);
  const count = center.shape[0]!;
  if (objectiveOf === undefined || count === 1) return attack(task);
  const began = rng.save();
  const onePart = ([first, size]: Part, changes: Partial<AttackTask>): AttackResult => {
    const images = tf.slice(center, first, size);
    const { objective, dispose } = objectiveOf([first, size]);
    rng.restore(began);
    try {
      const rows = { first: task.rows.first + first, of: task.rows.of };
      return attack({ ...task, center: images, objective, rows, ...changes });
    } finally {
      images.dispose();
      dispose();
    }
  };
  const tryOne = () => {
    const { adversarial, objective } = onePart([0, 1], { steps: 1, restarts: 1, onStep: undefined });
    tf.dispose([adversarial, objective]);
  };
  let most = imagesWithin(classifier, { kind: fn, images: center, run: tryOne }, memory);
  rng.restore(began);
  if (most >= count) return attack(task);
  const found: AttackResult[] = [];
  const tell = task.onStep && stepsOfWhole(task, count, task.onStep);
  try {
    for (let first = 0; first < count; ) {
      const size = Math.min(most, count - first);
      try {
        found.push(onePart([first, size], { onStep: tell && ((step) => tell(step, first, size)) }));
        first += size;
      } catch (error) {
        if (size === 1 || !isOutOfMemory(error)) throw error;
        most = Math.ceil(size / 2);
      }
    }
    return joined(found);
  } finally {
    for (const { adversarial, objective } of found) tf.dispose([adversarial, objective]);
  }
}

/** What a part is attacked with. */
interface PartObjective {
  readonly objective: Objective;
  readonly dispose: () => void;
}

/** The objective of any part of the images; undefined where it is not known. */
function partsOf(objective: Objective): ((part: Part) => PartObjective) | undefined {
  if (lossName(objective) !== undefined) return () => ({ objective, dispose: () => {} });
  const made = labelsOfObjective(objective);
  if (made === undefined) return undefined;
  return ([first, size]) => {
    const labels = tf.slice(made.labels, first, size);
    return { objective: lossesOf(made).inLossTo(labels, made.classes), dispose: () => labels.dispose() };
  };
}

/** Steps of parts one after the other, told as those of a whole: each as soon as its share of all work is done. */
function stepsOfWhole({ steps, restarts }: AttackTask, count: number, onStep: (at: AttackStep) => void) {
  let told = 0;
  return ({ step, restart }: AttackStep, first: number, size: number) => {
    const all = steps * restarts;
    const done = Math.floor((all * first + size * ((restart - 1) * steps + step)) / count);
    for (; told < done; told++)
      onStep({ step: (told % steps) + 1, steps, restart: Math.floor(told / steps) + 1, restarts });
  };
}

/** The parts as one; the caller owns its tensors. */
function joined(parts: readonly AttackResult[]): AttackResult {
  const sum = (of: (part: AttackResult) => number | undefined) =>
    parts.reduce<number | undefined>((total, part) => {
      const more = of(part);
      return total === undefined || more === undefined ? undefined : total + more;
    }, 0);
  return {
    ...parts[0]!,
    adversarial: tf.concat(
      parts.map(({ adversarial }) => adversarial),
      0,
    ),
    objective: tf.concat(
      parts.map(({ objective }) => objective),
      0,
    ),
    zeroGradients: sum(({ zeroGradients }) => zeroGradients),
    blindImages: sum(({ blindImages }) => blindImages),
    nonFiniteGradients: sum(({ nonFiniteGradients }) => nonFiniteGradients),
  };
}
