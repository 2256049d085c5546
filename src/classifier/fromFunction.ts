import type * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';
import type { ClassifierOptions, LogitsFunction } from './types';
import type { View } from './view';

/** A plain function as a model; it must be told its input shape. */
export function fromFunction(
  predict: LogitsFunction,
  { inputShape, variables = [] }: Pick<ClassifierOptions, 'inputShape' | 'variables'>,
): View {
  const shape =
    inputShape ??
    refuse(
      { fn: 'classifier', argument: 'inputShape' },
      'INVALID_ARGUMENT',
      'the shape of one input (a function does not tell it)',
      'undefined',
      'Pass for example `inputShape: [28, 28, 1]`.',
    );
  return {
    inputShape: shape,
    whole: (x: tf.Tensor) => predict(x),
    ending: { activation: undefined },
    run: (forward, x) => forward(x, false),
    weights: () => ({ variables, decayed: variables, state: variables }),
  };
}
