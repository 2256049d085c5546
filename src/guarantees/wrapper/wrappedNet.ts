import { classifier } from '../../classifier/classifier';
import type { Classifier, ModelLike } from '../../classifier/types';

/** What every saved wrapper says about the inputs of its model. */
export interface SavedInputs {
  /** Shape of one input, without the batch axis. */
  readonly inputShape: readonly number[];
  /** The box of valid inputs. */
  readonly bounds: readonly [number, number];
}

/** Where a wrapped model's inputs lie. */
export interface InputOptions {
  /** The box of valid inputs `[low, high]`, in input units. @defaultValue [0, 1], or that of the Classifier passed in */
  readonly bounds?: readonly [number, number];
}

/** The classifier that is wrapped; a function is told the shape of its inputs. */
export function wrappedNet(
  model: ModelLike,
  { inputShape, bounds }: InputOptions & Pick<SavedInputs, 'inputShape'>,
): Classifier {
  return classifier(model, { ...(typeof model === 'function' && { inputShape }), ...(bounds && { bounds }) });
}
