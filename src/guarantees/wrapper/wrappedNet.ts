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
