import * as tf from '@tensorflow/tfjs-core';
import { throwIfAborted } from '../core/abort';
import { readNow } from '../core/readNow';
import { type Evaluation, evaluate, objectiveAt } from './evaluate';
import { select } from './perImage';
import type { AttackTask } from './prepareAttack';
import type { AttackResult } from './types';

/** What a method carries from step to step: its point, and whatever else it needs. */
export type AttackState = tf.NamedTensorMap & { x: tf.Tensor };

/** What tells one attack from another. Both functions run in a tidy and return new tensors only. */
export interface Method<S extends AttackState> {
  /** A random point of the ball and the box. */
  readonly start: () => tf.Tensor;
  /** State at the first point of a restart. */
  readonly begin: (x: tf.Tensor) => S;
  /** State after gradient step number `step` = 1, 2, ..., taken from `state.x`, where `at` was evaluated. */
  readonly step: (state: S, at: Evaluation, step: number) => S;
}

/** Best point of each image so far, and how often its gradients were zero or not finite. */
type Record = tf.NamedTensorMap & { x: tf.Tensor; value: tf.Tensor1D; zero: tf.Tensor1D; nonFinite: tf.Tensor1D };

/** The loop of all gradient attacks: restarts, steps, the best point per image, counting, progress, abort. */
export function runAttack<S extends AttackState>(task: AttackTask, method: Method<S>): AttackResult {
  const { fn, center, steps, restarts, randomStart, onStep, signal } = task;
  throwIfAborted(fn, signal);
  // The outer tidy frees everything when a step throws; within it each step frees what it replaces.
  const found = tf.tidy(() => {
    let record = tf.tidy(() => firstRecord(task));
    for (let restart = 1; restart <= restarts; restart++) {
      let state = tf.tidy(() => method.begin(randomStart ? method.start() : tf.clone(center)));
      for (let step = 1; step <= steps; step++) {
        const next = tf.tidy(() => {
          const at = evaluate(task, state.x);
          return { record: note(task, record, state.x, at), state: method.step(state, at, step) };
        });
        tf.dispose([record, state]);
        ({ record, state } = next);
        onStep?.({ step, steps, restart, restarts });
        throwIfAborted(fn, signal);
      }
      const last = tf.tidy(() => better(record, state.x, objectiveAt(task, state.x)));
      tf.dispose([record, state]);
      record = last;
    }
    return { ...record, zeroGradients: total(record.zero), nonFiniteGradients: total(record.nonFinite) };
  });
  tf.dispose([found.zero, found.nonFinite]);
  return {
    adversarial: found.x,
    objective: found.value,
    gradientEvaluations: steps * restarts,
    zeroGradients: found.zeroGradients,
    nonFiniteGradients: found.nonFiniteGradients,
  };
}

/** Before the first step: the image itself, with its objective where it competes and is not evaluated anyway. */
function firstRecord(task: AttackTask): Record {
  const none = tf.zeros([task.center.shape[0]!]) as tf.Tensor1D;
  const value = tf.fill(none.shape, Number.NEGATIVE_INFINITY) as tf.Tensor1D;
  const record = { x: tf.clone(task.center), value, zero: none, nonFinite: tf.clone(none) };
  return task.keepBest && task.randomStart ? better(record, task.center, objectiveAt(task, task.center)) : record;
}

/** The record after an evaluation at `x`. */
function note({ keepBest }: AttackTask, record: Record, x: tf.Tensor, at: Evaluation): Record {
  const best = keepBest ? better(record, x, at.value) : record;
  return {
    x: tf.clone(best.x),
    value: tf.clone(best.value),
    zero: tf.add(record.zero, at.zero),
    nonFinite: tf.add(record.nonFinite, at.nonFinite),
  };
}

/** The record with the images of `x` taken over where their value is higher; a NaN value is never higher. */
function better(record: Record, x: tf.Tensor, value: tf.Tensor1D): Record {
  const higher = tf.greater(value, record.value);
  return {
    x: select(higher, x, record.x),
    value: tf.where(higher, value, record.value),
    zero: tf.clone(record.zero),
    nonFinite: tf.clone(record.nonFinite),
  };
}

/** Sum of counters, exact beyond 2^24; `undefined` on webgpu. */
function total(counts: tf.Tensor1D): number | undefined {
  const values = readNow(counts);
  return values && Array.from(values).reduce((sum, count) => sum + count, 0);
}
