import { refuse, type Where } from '../core/check';
import type { Classifier } from './types';

/** Refuses a classifier with a sigmoid for each class, for functions whose mathematics is that of the softmax. */
export function checkSoftmaxHead(where: Where, { head, classes }: Classifier): void {
  if (head !== 'sigmoids') return;
  refuse(
    where,
    'UNSUPPORTED_MODEL',
    'a classifier whose confidence is that of a softmax over its classes',
    `one with a sigmoid for each of its ${classes} classes`,
    'Its confidences, attacks, training and evaluation work; this needs a softmax head.',
  );
}
