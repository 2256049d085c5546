import * as tf from '@tensorflow/tfjs-core';
import { refuse, show } from '../core/check';
import { logOfProbabilities } from './logOfProbabilities';
import type { Classifier, ClassifierOptions, LogitsFunction } from './types';

/** A plain function, or a GraphModel's `predict`, as a classifier; it must be told its shapes. */
export function fromFunction(
  predict: LogitsFunction,
  {
    inputShape,
    classes,
    bounds,
    outputs,
    variables = [],
  }: ClassifierOptions & Required<Pick<ClassifierOptions, 'bounds' | 'outputs'>>,
): Classifier {
  const shape = inputShape ?? missingShape();
  const count = classes ?? countClasses(predict, shape);
  return {
    inputShape: shape,
    classes: count,
    bounds,
    logits: (x) =>
      tf.tidy(() => {
        const out = predict(x);
        checkOutput(out, x.shape[0]!, count);
        return (outputs === 'probabilities' ? logOfProbabilities(out) : out) as tf.Tensor2D;
      }),
    variables,
    decayed: variables,
    state: variables,
  };
}

function checkOutput(out: unknown, batch: number, classes: number): asserts out is tf.Tensor2D {
  if (out instanceof tf.Tensor && out.rank === 2 && out.shape[0] === batch && out.shape[1] === classes) return;
  refuse(
    { fn: 'classifier', argument: 'model' },
    'UNSUPPORTED_MODEL',
    `a model that returns one tensor of shape [${batch}, ${classes}]`,
    out instanceof tf.Tensor ? `shape [${out.shape.join(', ')}]` : show(out),
    'Return logits [batch, classes] and check `classes`.',
  );
}

/** Asks the model for one all-zero input and looks at the shape of the answer. */
function countClasses(predict: LogitsFunction, inputShape: readonly number[]): number {
  const shape = tf.tidy(() => shapeOf(predict(tf.zeros([1, ...inputShape]))));
  if (shape.length === 2 && shape[1]! > 1) return shape[1]!;
  return refuse(
    { fn: 'classifier', argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a model that returns one tensor [batch, classes], two classes or more',
    `shape [${shape.join(', ')}]`,
    'Return logits; give a one-output (sigmoid) model a second logit of zero.',
  );
}

function shapeOf(out: unknown): number[] {
  return out instanceof tf.Tensor ? out.shape : [];
}

function missingShape(): never {
  return refuse(
    { fn: 'classifier', argument: 'inputShape' },
    'INVALID_ARGUMENT',
    'the shape of one input (this model does not tell it)',
    'undefined',
    'Pass for example `inputShape: [28, 28, 1]`.',
  );
}
