import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';

/**
 * Everything an optimizer remembers, by field: running scalars (Adam's powers of beta) as one-element lists, slots
 * (momentum, moments) as lists in variable order.
 *
 * tfjs can save slots, but sets Adam's powers of beta again by `pow`, which rounds differently from the products they were
 * made by; reading the fields themselves is what makes a resumed run equal bit for bit. Every tfjs optimizer keeps its
 * memory in fields that are variables or lists of `{ originalName, variable }`.
 */
export type OptimizerVariables = Readonly<Record<string, readonly tf.Variable[]>>;

interface Slot {
  readonly originalName: string;
  readonly variable: tf.Variable;
}

/** The optimizer's own variables; still owned by it. */
export function optimizerVariables(optimizer: tf.Optimizer): OptimizerVariables {
  const fields = Object.entries(optimizer).flatMap(([field, value]): [string, tf.Variable[]][] => {
    if (value instanceof tf.Variable) return [[field, [value]]];
    return isSlots(value) ? [[field, value.map((slot) => slot.variable)]] : [];
  });
  return Object.fromEntries(fields);
}

/**
 * The places among `variables` of those that an optimizer has slots for, in the order of the slots; -1 for one that is not
 * among them. An optimizer that remembers nothing of single variables has none.
 */
export function slotPlaces(optimizer: tf.Optimizer, variables: readonly tf.Variable[]): number[] {
  const [slots = []] = Object.values(optimizer)
    .filter(isSlots)
    .sort((a, b) => b.length - a.length);
  return slots.map(({ originalName, variable }) =>
    variables.findIndex(
      ({ name, shape }) =>
        originalName.slice(0, originalName.lastIndexOf('/')) === name && shape.join() === variable.shape.join(),
    ),
  );
}

/**
 * Refuses an optimizer that has momentum or moments of other variables. tfjs finds slots by their place in the list and so
 * would mix those of different weights without a word, or fail halfway through an update.
 */
export function checkSlots(fn: string, optimizer: tf.Optimizer, variables: readonly tf.Variable[]): void {
  const places = slotPlaces(optimizer, variables);
  const inOrder = places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1]!));
  // Where the last layers have been frozen since, the slots of the others are still in their places.
  const ofTheFirst = variables.every((_, i) => places[i] === i);
  if (inOrder || ofTheFirst) return;
  refuse(
    { fn, argument: 'optimizer' },
    'INVALID_ARGUMENT',
    'fresh, or used with the same trainable variables before',
    `one with ${places.length} slots of which not all belong to the ${variables.length} trainable variables of this model`,
    'Make an optimizer for each model, and a new one after layers were frozen or thawed.',
  );
}

/** Puts saved values into an optimizer of the same kind, fresh or used. The values are copied; `names` are for the slots. */
export function restoreOptimizer(
  optimizer: tf.Optimizer,
  saved: Readonly<Record<string, readonly tf.Tensor[]>>,
  names: readonly string[],
  iterations: number,
): void {
  for (const [field, values] of Object.entries(saved)) {
    const present: unknown = Reflect.get(optimizer, field);
    if (present instanceof tf.Variable) present.assign(tf.tidy(() => tf.clone(values[0]!)));
    else if (isSlots(present)) {
      tf.dispose(present.map((slot) => slot.variable));
      const slots = values.map((value, i) => slotOf(value, `${names[i]}/${field}`));
      Reflect.set(optimizer, field, slots);
    }
  }
  Reflect.set(optimizer, 'iterations_', iterations);
}

function slotOf(value: tf.Tensor, originalName: string): Slot {
  const variable = tf.tidy(() => tf.variable(tf.clone(value), false));
  return { originalName, variable };
}

function isSlots(value: unknown): value is Slot[] {
  return Array.isArray(value) && value.every((slot) => slot?.variable instanceof tf.Variable);
}

/** The learning rate now in effect. */
export function learningRate(optimizer: tf.Optimizer): number {
  return Number(Reflect.get(optimizer, 'learningRate'));
}

/** SGD and momentum have a setter, since they keep a tensor of the rate; the others read a plain field at every update. */
export function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  if (hasSetter(optimizer)) optimizer.setLearningRate(rate);
  else Reflect.set(optimizer, 'learningRate', rate);
}

/** Not `instanceof`: tfjs answers that by shape, and every optimizer would pass for SGD. */
function hasSetter(optimizer: tf.Optimizer): optimizer is tf.SGDOptimizer {
  return 'setLearningRate' in optimizer;
}
