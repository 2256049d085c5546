import type { Classifier } from '../../classifier/types';
import type { GuaranteedClassifier } from '../types';

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
