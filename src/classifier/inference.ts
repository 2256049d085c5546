import * as tf from '@tensorflow/tfjs-core';
import { type Bounds, boundsAt } from '../core/bounds';
import { readNow } from '../core/readNow';
import { createRng } from '../core/rng';
import { differentiate } from './differentiate';
import type { Head } from './head';
import { type FrozenNetwork, freeze } from './net/frozen';
import { type FusedNetwork, fuse } from './net/fuse';
import type { Network } from './net/types';
import { withRightKernels } from './rightKernels';
import { runModel } from './runModel';
import type { Classifier, Inference } from './types';
import type { View } from './view';

/** A classifier in inference mode, with its weights as they were when it was opened. */
export interface InferencePass {
  /** Logits of a batch, `[B, K]`. The caller owns them. */
  logits(x: tf.Tensor): tf.Tensor2D;
  /** A function of the logits, `[B]`, and its gradient by the batch. The caller owns both. */
  valueAndGradient(of: (logits: tf.Tensor2D) => tf.Tensor1D, x: tf.Tensor): ValueAndGradient;
  /** Frees what was made for it. */
  close(): void;
}

/** A value for each example, and the gradient. */
export type ValueAndGradient = { value: tf.Tensor1D; gradient: tf.Tensor };

/** How a classifier is run in inference mode, once that is known. */
export interface Choice {
  readonly inference: Inference;
  /** The network to be frozen, if that is the choice, and what makes logits of its result. */
  readonly frozen?: { readonly network: FusedNetwork; readonly toLogits: Head['toLogits'] };
  /** The operations that compute the logits, where they could be read; on webgpu it is not known yet that they do. */
  readonly opened?: { readonly network: Network; readonly toLogits: Head['toLogits'] };
}

const choices = new WeakMap<Classifier, () => Choice>();

/** Lets a classifier tell how it is run in inference mode, and {@link openInference} know it. */
export function withInference(net: Classifier, choice: () => Choice): Classifier {
  choices.set(net, choice);
  // A copy with other logits must not say that it is run as this one is.
  return Object.defineProperty(net, 'inference', { get: () => choice().inference, enumerable: false });
}

/** How a classifier that {@link withInference} knows is run. */
export function choiceOf(net: Classifier): (() => Choice) | undefined {
  return choices.get(net);
}

/** Begins work on a classifier whose weights do not change; `close` ends it. */
export function openInference(fn: string, net: Classifier): InferencePass {
  const frozen = choices.get(net)?.().frozen;
  return frozen === undefined
    ? byModel(fn, net)
    : byFrozen(
        fn,
        frozen.toLogits,
        runModel(() => freeze(frozen.network)),
      );
}

function byModel(fn: string, net: Classifier): InferencePass {
  return {
    logits: (x) => net.logits(x),
    valueAndGradient: (of, x) =>
      tf.tidy(() => {
        const valueAndGradient = tf.valueAndGrad((point: tf.Tensor) => of(net.logits(point)));
        const { value, grad: gradient } = differentiate(fn, () => valueAndGradient(x, onesFor(x)));
        return { value: value as tf.Tensor1D, gradient };
      }),
    close: () => {},
  };
}

function byFrozen(fn: string, toLogits: Head['toLogits'], frozen: FrozenNetwork): InferencePass {
  return {
    logits: (x) => runModel(() => tf.tidy(() => toLogits(frozen.run(x)) as tf.Tensor2D)),
    valueAndGradient: (of, x) =>
      tf.tidy(() => {
        const { result, back } = runModel(() => frozen.pull(x));
        const ofResult = tf.valueAndGrad((z: tf.Tensor) => of(toLogits(z) as tf.Tensor2D));
        return differentiate(fn, () => {
          const { value, grad } = ofResult(result, onesFor(x));
          return { value: value as tf.Tensor1D, gradient: back(grad) };
        });
      }),
    close: frozen.close,
  };
}

function onesFor(x: tf.Tensor): tf.Tensor1D {
  return tf.ones([x.shape[0]!]) as tf.Tensor1D;
}

/** Random inputs on which both ways are compared. */
const INPUTS = 2;
/** How far the results may lie apart, as a share of the largest: a few roundings of float32 through many layers. */
const TOLERANCE = 1e-4;

/**
 * The choice for a model: frozen where its layers or its graph can be read and compute the same as the model on a few random
 * inputs, to rounding. Looked at once, when it is first asked for; the errors of a model that cannot be run are thrown.
 */
export function chooseInference(
  { read, run, inputShape }: View,
  { forward, peeled, toLogits }: Head,
  bounds: Bounds,
  settled: Inference | undefined,
): Choice {
  const byModel = (reason: string): Choice => ({ inference: { pass: 'model', reason } });
  if (settled?.pass === 'model') return { inference: settled };
  if (read === undefined) return byModel('a function shows no layers');
  const reading = runModel(read);
  if ('unreadable' in reading) return byModel(`${reading.unreadable} cannot be frozen`);
  const whole = peeled ? withoutActivation(reading.network) : reading.network;
  if (whole === undefined) return byModel('its last activation cannot be told from what comes before it');
  const network = fuse(whole);
  const opened = { network: whole, toLogits };
  const choice: Choice = { inference: { pass: 'frozen' }, frozen: { network, toLogits }, opened };
  if (settled !== undefined) return choice;
  const fault = tf.tidy(() => {
    const x = randomInputs(inputShape, bounds);
    const expected = readNow(runModel(() => run(forward, x, false, undefined)));
    return expected === undefined ? UNTOLD : faultOf(network, x, expected);
  });
  if (fault === undefined) return choice;
  return fault === UNTOLD ? { ...byModel(fault), opened } : byModel(fault);
}

const UNTOLD = 'webgpu cannot tell in time what it computes';

/** What is wrong with a frozen network of which it is known what it should compute. */
function faultOf(network: FusedNetwork, x: tf.Tensor, expected: ArrayLike<number>): string | undefined {
  const found = runFrozen(network, x);
  if (typeof found === 'string') return `the frozen network cannot be run: ${found}`;
  const largest = Math.max(...Array.from(expected, Math.abs));
  const furthest = Math.max(...Array.from(expected, (value, i) => Math.abs(value - found[i]!)));
  if (furthest <= TOLERANCE * largest) return undefined;
  return `the frozen network differs from the model by ${furthest} where the largest output is ${largest}`;
}

function runFrozen(network: FusedNetwork, x: tf.Tensor): ArrayLike<number> | string {
  try {
    return withRightKernels(() => {
      const frozen = freeze(network);
      try {
        return readNow(frozen.run(x))!;
      } finally {
        frozen.close();
      }
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function randomInputs(inputShape: readonly number[], bounds: Bounds): tf.Tensor {
  const rng = createRng('inference');
  const size = tf.util.sizeFromShape([...inputShape]);
  const values = new Float32Array(INPUTS * size).map((_, i) => {
    const [low, high] = boundsAt(bounds, i % size);
    return low + (high - low) * rng.uniform();
  });
  return tf.tensor(values, [INPUTS, ...inputShape]);
}

/** A network without the softmax or sigmoid that it ends in; `undefined` if it ends in neither. */
function withoutActivation({ operations, output, ...network }: Network): Network | undefined {
  const last = operations[output]!;
  const ends = last.kind === 'activation' && (last.activation.name === 'softmax' || last.activation.name === 'sigmoid');
  return ends ? { ...network, operations, output: last.inputs[0]! } : undefined;
}
