import * as tf from '@tensorflow/tfjs-core';
import { type InferencePass, openInference } from '../classifier/inference';
import { refuse, show } from '../core/check';
import { throwIfAborted } from '../core/pausing';
import { readNow } from '../core/readNow';
import { rows, select } from './perImage';
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
   * images themselves: of value -Infinity where they do not compete. `objectiveAt` is the objective at any points, `[B]`.
   */
  readonly start: (constants: C, restart: number, best: Found, objectiveAt: ObjectiveAt) => tf.Tensor;
  /** State at the first point of a restart. */
  readonly begin: (x: tf.Tensor) => S;
  /** State after gradient step number `step` = 1, 2, ..., taken from `state.x`, where `at` was evaluated. */
  readonly step: (constants: C, state: S, at: Evaluation, step: number) => S;
}

/** The objective at a point for each image, `[B]`, from one forward pass. */
export type ObjectiveAt = (x: tf.Tensor) => tf.Tensor1D;

/** Best point of each image so far, and how often its gradients were zero or not finite. */
type Record = Found & { zero: tf.Tensor1D; nonFinite: tf.Tensor1D };

/** The loop of all gradient attacks: restarts, steps, the best point per image, counting, progress, abort. */
export function runAttack<C extends tf.NamedTensorMap, S extends AttackState>(
  task: AttackTask,
  method: Method<C, S>,
): AttackResult {
  const { fn, epsilon, steps, stepSize, reach, restarts, signal } = task;
  throwIfAborted(fn, signal);
  const pass = openInference(fn, task.classifier);
  try {
    const { x, value, zero, nonFinite } = search(task, method, pass);
    const zeros = readNow(zero);
    const replaced = total(readNow(nonFinite));
    tf.dispose([zero, nonFinite]);
    return {
      adversarial: x,
      objective: value,
      epsilon,
      steps,
      stepSize,
      reach,
      gradientEvaluations: steps * restarts,
      zeroGradients: total(zeros),
      blindImages: zeros?.filter((count) => count === steps * restarts).length,
      nonFiniteGradients: replaced,
    };
  } finally {
    pass.close();
  }
}

/** All restarts. The tidy frees everything when a step throws; within it each step frees what it replaces. */
function search<C extends tf.NamedTensorMap, S extends AttackState>(
  task: AttackTask,
  method: Method<C, S>,
  pass: InferencePass,
): Record {
  const { fn, center, steps, restarts, randomStart, onStep, signal } = task;
  const objectiveAt: ObjectiveAt = (x) => objectiveOf(task, pass.logits(x));
  return tf.tidy(() => {
    const constants = tf.tidy(method.constants);
    let record = tf.tidy(() => firstRecord(task, objectiveAt));
    for (let restart = 1; restart <= restarts; restart++) {
      let state = tf.tidy(() =>
        method.begin(randomStart ? method.start(constants, restart, record, objectiveAt) : tf.clone(center)),
      );
      for (let step = 1; step <= steps; step++) {
        const next = tf.tidy(() => {
          const at = evaluate(task, pass, state.x);
          return { record: note(task, record, state.x, at), state: method.step(constants, state, at, step) };
        });
        tf.dispose([record, state]);
        ({ record, state } = next);
        onStep?.({ step, steps, restart, restarts });
        throwIfAborted(fn, signal);
      }
      const last = tf.tidy(() => better(record, { x: state.x, value: objectiveAt(state.x) }));
      tf.dispose([record.x, record.value, state]);
      record = { ...record, ...last };
    }
    return record;
  });
}

/** Before the first step: the image itself, with its objective where it competes and is not evaluated anyway. */
function firstRecord({ center: x, keepBest, randomStart }: AttackTask, objectiveAt: ObjectiveAt): Record {
  const none = tf.zeros([x.shape[0]!]) as tf.Tensor1D;
  const unknown = { x: tf.clone(x), value: tf.fill(none.shape, Number.NEGATIVE_INFINITY) as tf.Tensor1D };
  const image = keepBest && randomStart ? better(unknown, { x, value: objectiveAt(x) }) : unknown;
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

/** The objective at a point, with the gradient made safe to follow. */
export interface Evaluation {
  /** `[B]`. */
  readonly value: tf.Tensor1D;
  /** `[B, ...inputShape]`, finite: NaN and infinite entries are zero. */
  readonly gradient: tf.Tensor;
  /** `[B]`, 1 where the whole gradient is zero, else 0. */
  readonly zero: tf.Tensor1D;
  /** `[B]`, 1 where entries had to be replaced, else 0. */
  readonly nonFinite: tf.Tensor1D;
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** Objective and gradient of every image from one forward and one backward pass; nothing is read back. */
function evaluate(task: AttackTask, pass: InferencePass, x: tf.Tensor): Evaluation {
  const { value, gradient: grad } = pass.valueAndGradient((logits) => objectiveOf(task, logits), x);
  // A comparison, because IsFinite is not among the kernels of every backend; it is false for NaN.
  const flat = rows(grad);
  const finite = tf.lessEqual(tf.abs(flat), FLOAT32_MAX);
  const gradient = tf.reshape(tf.where(finite, flat, tf.zerosLike(flat)), grad.shape);
  return {
    value,
    gradient,
    zero: tf.cast(tf.equal<tf.Tensor1D>(largestEntry(gradient), 0), 'float32'),
    nonFinite: tf.sub(1, tf.cast(tf.all<tf.Tensor1D>(finite, 1), 'float32')),
  };
}

/** The objective of logits, which must be one number for each example. */
function objectiveOf(task: AttackTask, logits: tf.Tensor2D): tf.Tensor1D {
  const batch = logits.shape[0];
  const value: unknown = task.objective(logits);
  if (!(value instanceof tf.Tensor) || value.rank !== 1 || value.shape[0] !== batch)
    refuse(
      { fn: task.fn, argument: 'objective' },
      'INVALID_SHAPE',
      `a function that returns one number per example, shape [${batch}]`,
      value instanceof tf.Tensor ? `a result of shape [${value.shape.join(', ')}]` : show(value),
      'Reduce over the classes only, not over the batch.',
    );
  return value as tf.Tensor1D;
}

/** The largest absolute entry of each image. */
export function largestEntry(gradient: tf.Tensor): tf.Tensor1D {
  return tf.max<tf.Tensor1D>(rows(tf.abs(gradient)), 1);
}
