import type * as tf from '@tensorflow/tfjs-core';
import { checkTensor } from '../core/checkTensor';
import { classifier } from './classifier';
import type { Classifier, ModelLike } from './types';

/** Classifiers already made, so that a bare model passed to every step is looked at once. */
const made = new WeakMap<object, Classifier>();

/**
 * The classifier of whatever the caller passed as a model, with default options. A bare function is told its shapes by
 * the batch `x` it is about to be used on.
 */
export function asClassifier(fn: string, model: ModelLike, x: tf.Tensor | undefined): Classifier {
  if (typeof model !== 'function') return cached(model, () => classifier(model));
  checkTensor({ fn, argument: 'x' }, x);
  const inputShape = x.shape.slice(1);
  const known = made.get(model);
  if (known !== undefined && sameShape(known.inputShape, inputShape)) return known;
  const fresh = classifier(model, { inputShape });
  made.set(model, fresh);
  return fresh;
}

function cached(model: object, make: () => Classifier): Classifier {
  const known = made.get(model);
  if (known !== undefined) return known;
  const fresh = make();
  made.set(model, fresh);
  return fresh;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
