import type { LayersModel } from '@tensorflow/tfjs-layers';
import { classifier, isClassifier } from '../../classifier/classifier';
import type { Classifier, ModelLike } from '../../classifier/types';
import { isLayersModel } from '../../classifier/walkLayers';
import type { GuaranteedClassifier } from '../types';

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
  _fn: string,
  model: ModelLike,
  { inputShape, bounds }: InputOptions & Pick<SavedInputs, 'inputShape'>,
): Classifier {
  return classifier(model, { ...(typeof model === 'function' && { inputShape }), ...(bounds && { bounds }) });
}

/** The LayersModel that a model is or is a view of, if it is one. */
export function layersModelOf(model: ModelLike): LayersModel | undefined {
  if (isLayersModel(model)) return model;
  return isClassifier(model) ? model.layersModel : undefined;
}

/** What a wrapper has of its own. */
export type Own = Omit<GuaranteedClassifier, Exclude<keyof Classifier, 'logits'>>;

/** A classifier with the shapes, the bounds and the variables of another, and everything else its own. */
export function wrap(net: Classifier, own: Own): GuaranteedClassifier {
  const shared: Omit<Classifier, 'logits'> = {
    inputShape: net.inputShape,
    classes: net.classes,
    bounds: net.bounds,
    get variables() {
      return net.variables;
    },
    get decayed() {
      return net.decayed;
    },
    get state() {
      return net.state;
    },
  };
  return Object.assign(shared, own);
}
