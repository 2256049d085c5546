import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';
import { graphEnding } from './ending';
import { graphInput } from './inputFacts';
import { readGraph } from './net/readGraph';
import { executed } from './rightKernels';
import type { ClassifierOptions } from './types';
import { checkOneInput, inputShapeOf, outputIndex, type View } from './view';

/** A GraphModel as a model: one output of it, in batches of the size that it was exported with, if any. */
export function fromGraphModel(
  model: tf.InferenceModel,
  { inputShape, output, variables = [] }: Pick<ClassifierOptions, 'inputShape' | 'output' | 'variables'>,
  fn = 'classifier',
): View {
  checkOneInput(
    model.inputs.map(({ name }) => name),
    fn,
  );
  checkNumbers(fn, model.inputs[0]!);
  const names = outputNames(model);
  const name = names[outputIndex(names, output, fn)]!;
  const [batch, ...declared] = model.inputs[0]!.shape ?? [-1];
  const whole = model.inputs[0]!.dtype === 'int32';
  const inBatches = (given: (x: tf.Tensor) => tf.Tensor) => {
    const run = whole ? (x: tf.Tensor) => given(toWhole(x)) : given;
    return (x: tf.Tensor) => (batch! > 0 ? inBatchesOf(batch!, run, x) : run(x));
  };
  const ending = graphEnding(model, name);
  const { before } = ending;
  const shape = inputShapeOf(declared.length > 0 ? declared : undefined, inputShape, fn);
  return {
    inputShape: shape,
    whole: inBatches((x) => executed(model, x, [name])[0]!),
    ending: before === undefined ? ending : { ...ending, before: inBatches((x) => before(x, false)) },
    run: (forward, x) => forward(x, false),
    // Rounding to whole numbers is none of its operations.
    read: () => (whole ? { unreadable: 'an input of whole numbers' } : readGraph(model, name, shape)),
    weights: () => ({ variables, decayed: variables, state: variables }),
    input: graphInput(model, name, shape),
  };
}

/** Refuses a model of something else than numbers, which some versions of tfjs would run on them all the same. */
function checkNumbers(fn: string, { name, dtype }: { readonly name: string; readonly dtype?: string | null }): void {
  // Null is a type that this version of tfjs does not know, as 4.10 does not know complex numbers.
  if (dtype !== 'string' && dtype !== 'complex64' && dtype !== null) return;
  refuse(
    { fn, argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a model of images or other numbers',
    `an input '${name}' of ${dtype === 'string' ? 'text' : 'complex numbers, or of a type unknown to tfjs'}`,
    'Pass the part of the model that takes numbers.',
  );
}

/** What a model of whole numbers (int32, uint8) is given: the nearest ones. Gradients pass as if nothing had been rounded. */
function toWhole(x: tf.Tensor): tf.Tensor {
  const round = tf.customGrad((value) => ({
    value: tf.cast(tf.floor(tf.add(value as tf.Tensor, 0.5)), 'int32'),
    gradFunc: (dy) => tf.cast(dy, 'float32'),
  }));
  return round(x);
}

/** The names of the outputs as `execute` takes them. */
export function outputNames(model: tf.InferenceModel): string[] {
  const nodes: unknown = Reflect.get(model, 'outputNodes');
  return Array.isArray(nodes) ? nodes.map(String) : model.outputs.map(({ name }) => name);
}

/** Runs a model that takes `size` inputs at a time, no more and no fewer; the last batch is filled up with zeros. */
function inBatchesOf(size: number, run: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Tensor {
  const count = x.shape[0]!;
  const parts: tf.Tensor[] = [];
  for (let start = 0; start < count; start += size) {
    const part = tf.slice(x, start, Math.min(size, count - start));
    const missing = size - part.shape[0]!;
    parts.push(run(missing === 0 ? part : tf.concat([part, tf.zeros([missing, ...x.shape.slice(1)])])));
  }
  return parts.length === 1 && count === size ? parts[0]! : tf.slice(tf.concat(parts), 0, count);
}
