import * as tf from '@tensorflow/tfjs-core';
import { classifier } from '../../classifier/classifier';
import { factsOf } from '../../classifier/factsOf';
import type { Classifier, ModelLike } from '../../classifier/types';
import type { Bounds } from '../../core/bounds';
import { refuse } from '../../core/check';
import type { GuaranteedClassifier } from '../types';

/** What every saved wrapper says about the inputs of its model. */
export interface SavedInputs {
  /** Shape of one input, without the batch axis. */
  readonly inputShape: readonly number[];
  /** The box of valid inputs. */
  readonly bounds: Bounds;
}

/** Where a wrapped model's inputs lie. */
export interface InputOptions {
  /** The box of valid inputs `[low, high]`, in input units. @defaultValue [0, 1], or that of the Classifier passed in */
  readonly bounds?: Bounds;
}

/**
 * The classifier that is wrapped; a function is told the shape of its inputs. One whose classes have a sigmoid each is refused:
 * every guarantee is about the largest probability of a softmax.
 */
export function wrappedNet(
  fn: string,
  model: ModelLike,
  { inputShape, bounds }: InputOptions & Pick<SavedInputs, 'inputShape'>,
): Classifier {
  const net = classifier(model, { ...(typeof model === 'function' && { inputShape }), ...(bounds && { bounds }) });
  if (net.head === 'sigmoids')
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a classifier whose probabilities are a softmax of its logits',
      'one with a sigmoid for each class',
      'Take for each class the classifier of two classes that its sigmoid is.',
    );
  // What is guaranteed holds for the numbers of the model itself; a frozen form of it rounds otherwise.
  return classifier(net, { frozen: false });
}

/** What a wrapper has of its own. */
export type Own = Omit<GuaranteedClassifier, Exclude<keyof Classifier, 'logits'>>;

/** A classifier with the shapes, the bounds, the labels and the variables of another, and everything else its own. */
export function wrap(net: Classifier, own: Own): GuaranteedClassifier {
  return Object.assign(factsOf(net), own);
}

/** No logit of a wrapped model is taken for larger than this, so that float32 holds the difference of any two. */
const LARGEST = 2 ** 125;

/**
 * Logits less the largest of their row: the same probabilities, and 0 for the predicted class. A difference of two float32
 * numbers is rounded relative to itself, so whatever the logits are divided by after this is rounded relative to their
 * differences, and not to what all classes have in common.
 */
export function belowLargest(logits: tf.Tensor2D): tf.Tensor2D {
  const held = tf.clipByValue(logits, -LARGEST, LARGEST);
  return tf.sub(held, tf.max(held, 1, true));
}

/**
 * Logits of a model that may have overflowed, made finite: infinite ones as large as float32 can compare, NaN as 0. Only for
 * wrappers whose guarantee holds whatever the model says.
 */
export function withoutOverflow(logits: tf.Tensor2D): tf.Tensor2D {
  return tf.customGrad<tf.Tensor2D>((...inputs) => {
    const [value] = inputs as [tf.Tensor2D];
    const held = tf.clipByValue(value, -LARGEST, LARGEST);
    return { value: tf.where(tf.equal(held, held), held, tf.zerosLike(held)), gradFunc: (dy) => dy };
  })(logits);
}

/** What is made of a tensor, as a constant: no gradient goes through. */
export function frozen(x: tf.Tensor, make: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.customGrad((...inputs) => {
    const [value] = inputs as [tf.Tensor];
    return { value: make(value), gradFunc: () => tf.zeros(value.shape) };
  })(x);
}
