import * as tf from '@tensorflow/tfjs-core';
import { throwIfAborted } from '../core/abort';
import { readNow } from '../core/readNow';
import { type Evaluation, evaluate, objectiveAt } from './evaluate';
import { select } from './perImage';
import type { AttackTask } from './prepareAttack';
import type { AttackResult } from './types';

/** What a method carries from step to step: its point, and whatever else it needs. */
export type AttackState = tf.NamedTensorMap & { x: tf.Tensor };

/** A point for each image, with the objective there (`[B]`). */
export type Found = tf.NamedTensorMap & { x: tf.Tensor; value: tf.Tensor1D };

/** What tells one attack from another. All functions run in a tidy and return new tensors only. */
export interface Method<C extends tf.NamedTensorMap, S extends AttackState> {
  /** What stays the same through all restarts. */
  readonly constants: () => C;
  /**
   * A point of the ball and the box to begin restart number 1, 2, ... with. `best` is the best so far, in restart 1 the
   * images themselves: of value -Infinity where they do not compete.
   */
  readonly start: (constants: C, restart: number, best: Found) => tf.Tensor;
  /** State at the first point of a restart. */
  readonly begin: (x: tf.Tensor) => S;
  /** State after gradient step number `step` = 1, 2, ..., taken from `state.x`, where `at` was evaluated. */
  readonly step: (constants: C, state: S, at: Evaluation, step: number) => S;
}

/** Best point of each image so far, and how often its gradients were zero or not finite. */
type Record = Found & { zero: tf.Tensor1D; nonFinite: tf.Tensor1D };

/** The loop of all gradient attacks: restarts, steps, the best point per image, counting, progress, abort. */
export function runAttack<C extends tf.NamedTensorMap, S extends AttackState>(
  task: AttackTask,
  method: Method<C, S>,
): AttackResult {
  const { fn, center, epsilon, steps, stepSize, reach, restarts, randomStart, onStep, signal } = task;
  throwIfAborted(fn, signal);
  // The outer tidy frees everything when a step throws; within it each step frees what it replaces.
  const found = tf.tidy(() => {
    const constants = tf.tidy(method.constants);
    let record = tf.tidy(() => firstRecord(task));
    for (let restart = 1; restart <= restarts; restart++) {
      let state = tf.tidy(() =>
        method.begin(randomStart ? method.start(constants, restart, record) : tf.clone(center)),
      );
      for (let step = 1; step <= steps; step++) {
        const next = tf.tidy(() => {
          const at = evaluate(task, state.x);
          return { record: note(task, record, state.x, at), state: method.step(constants, state, at, step) };
        });
        tf.dispose([record, state]);
        ({ record, state } = next);
        onStep?.({ step, steps, restart, restarts });
        throwIfAborted(fn, signal);
      }
      const last = tf.tidy(() => better(record, { x: state.x, value: objectiveAt(task, state.x) }));
      tf.dispose([record.x, record.value, state]);
      record = { ...record, ...last };
    }
    const zero = readNow(record.zero);
    return {
      ...record,
      zeroGradients: total(zero),
      blindImages: zero?.filter((count) => count === steps * restarts).length,
      nonFiniteGradients: total(readNow(record.nonFinite)),
    };
  });
  tf.dispose([found.zero, found.nonFinite]);
  return {
    adversarial: found.x,
    objective: found.value,
    epsilon,
    steps,
    stepSize,
    reach,
    gradientEvaluations: steps * restarts,
    zeroGradients: found.zeroGradients,
    blindImages: found.blindImages,
    nonFiniteGradients: found.nonFiniteGradients,
  };
}

/** Before the first step: the image itself, with its objective where it competes and is not evaluated anyway. */
function firstRecord(task: AttackTask): Record {
  const { center: x, keepBest, randomStart } = task;
  const none = tf.zeros([x.shape[0]!]) as tf.Tensor1D;
  const unknown = { x: tf.clone(x), value: tf.fill(none.shape, Number.NEGATIVE_INFINITY) as tf.Tensor1D };
  const image = keepBest && randomStart ? better(unknown, { x, value: objectiveAt(task, x) }) : unknown;
  return { ...image, zero: none, nonFinite: tf.clone(none) };
}

/** The record after an evaluation at `x`. */
function note({ keepBest }: AttackTask, record: Record, x: tf.Tensor, at: Evaluation): Record {
  const { x: bestX, value } = record;
  const best = keepBest ? better(record, { x, value: at.value }) : { x: tf.clone(bestX), value: tf.clone(value) };
  return {
    ...best,
    zero: tf.add(record.zero, at.zero),
    nonFinite: tf.add(record.nonFinite, at.nonFinite),
  };
}

/** What was found before, with the images of `now` taken over where their value is higher; NaN is never higher. */
export function better(before: Found, now: Found): Found {
  const higher = tf.greater(now.value, before.value);
  return { x: select(higher, now.x, before.x), value: tf.where(higher, now.value, before.value) };
}

/** Sum of counters, exact beyond 2^24; `undefined` on webgpu. */
function total(values: ReturnType<typeof readNow>): number | undefined {
  return values && Array.from(values).reduce((sum, count) => sum + count, 0);
}
