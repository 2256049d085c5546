import * as tf from '@tensorflow/tfjs-core';
import { choiceOf } from './inference';
import { activate } from './net/activations';
import { compute, rowsOf, shaped } from './net/compute';
import { type FrozenNetwork, freeze } from './net/frozen';
import type { FusedNetwork, FusedStep } from './net/fuse';
import { foldWeights } from './net/lines';
import { runModel } from './runModel';
import type { Classifier } from './types';

/** A classifier in inference mode in two parts, of which the second alone has the variables that change. */
export interface Divided {
  /** Shape of what the first part computes of one input. */
  readonly featureShape: readonly number[];
  /** Opens the first part; it is closed by its own `close`. */
  readonly openFeatures: () => Pick<FrozenNetwork, 'run' | 'close'>;
  /** Logits of a batch of such features, with gradients by the variables. The caller owns them. */
  readonly logits: (features: tf.Tensor) => tf.Tensor2D;
}

/** Operations that the second part may consist of; all have gradients by their weights. */
const OF_HEADS = ['dense', 'lines', 'activation', 'reshape'];

/**
 * Divides a classifier before the first operation that reads one of the variables; `undefined` where it cannot be frozen or
 * where the rest is not a chain of dense layers.
 */
export function divide(net: Classifier, variables: readonly tf.Variable[]): Divided | undefined {
  const { network, toLogits } = choiceOf(net)?.().frozen ?? {};
  if (network === undefined || toLogits === undefined) return undefined;
  const { steps, output } = network;
  const learning = new Set<unknown>(variables);
  const first = steps.findIndex((step) => reads(step, learning));
  const cut = steps[first]?.inputs[0];
  if (cut === undefined || cut !== first - 1) return undefined;
  const tail = steps.slice(first, output + 1);
  const isChain = tail.every(({ inputs }, i) => inputs.length === 1 && inputs[0] === cut + i);
  if (!isChain || !tail.every(({ operation }) => OF_HEADS.includes(operation.kind))) return undefined;
  const trunk: FusedNetwork = { steps: steps.slice(0, first), output: cut };
  return {
    featureShape: steps[cut]!.shape,
    openFeatures: () => runModel(() => freeze(trunk)),
    logits: (features) => runModel(() => tf.tidy(() => toLogits(tail.reduce(withGradient, features)) as tf.Tensor2D)),
  };
}

/** Whether a step holds one of some tensors, however deep. */
function reads(value: unknown, tensors: ReadonlySet<unknown>): boolean {
  if (tensors.has(value)) return true;
  if (value instanceof tf.Tensor || value === null || typeof value !== 'object') return false;
  return Object.values(value).some((part) => reads(part, tensors));
}

/** A step by operations whose gradients reach the weights: the fused ones of tfjs have them for few activations. */
function withGradient(x: tf.Tensor, step: FusedStep): tf.Tensor {
  const { operation, activation } = step;
  const weights = foldWeights(step);
  if (operation.kind !== 'dense') return compute(step, weights, [x]);
  const product = tf.matMul(rowsOf(x), weights.kernel as tf.Tensor2D, false, operation.transposed);
  const sum = weights.bias === undefined ? product : tf.add(product, weights.bias);
  const result = shaped(sum, [x.shape[0]!, ...step.shape]);
  return activation === undefined ? result : activate(result, activation);
}
