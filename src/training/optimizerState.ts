import * as tf from '@tensorflow/tfjs-core';

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

/** Puts saved values into an optimizer of the same kind, fresh or used. The values are copied. */
export function restoreOptimizer(
  optimizer: tf.Optimizer,
  saved: Readonly<Record<string, readonly tf.Tensor[]>>,
  iterations: number,
): void {
  for (const [field, values] of Object.entries(saved)) {
    const present: unknown = Reflect.get(optimizer, field);
    if (present instanceof tf.Variable) present.assign(tf.tidy(() => tf.clone(values[0]!)));
    else if (isSlots(present)) {
      tf.dispose(present.map((slot) => slot.variable));
      Reflect.set(optimizer, field, values.map(slotOf));
    }
  }
  Reflect.set(optimizer, 'iterations_', iterations);
}

function slotOf(value: tf.Tensor, index: number): Slot {
  const variable = tf.tidy(() => tf.variable(tf.clone(value), false));
  return { originalName: `slot ${index}`, variable };
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
