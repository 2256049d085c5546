import * as tf from '@tensorflow/tfjs-core';
import { refuse, type Where } from '../core/check';
import type { Head } from './head';
import { choiceOf } from './inference';
import { sizeOf } from './net/build';
import { freeze } from './net/frozen';
import { fuse } from './net/fuse';
import type { Network, Operation } from './net/types';
import { runModel } from './runModel';
import type { Classifier } from './types';

/** A place in a model through which all goes that its output knows of its input, as a vector. */
export interface FeatureLayer {
  /** Name of the layer, or of the node of the graph. */
  readonly name: string;
  /** Numbers for each example. */
  readonly size: number;
}

/** A model in two parts, its weights as they were when it was opened. */
export interface FeaturePass {
  readonly layer: FeatureLayer;
  /** Features of a batch, `[B, size]`. The caller owns them. */
  features(x: tf.Tensor): tf.Tensor2D;
  /** The logits of features, `[B, K]`. The caller owns them. */
  logits(features: tf.Tensor2D): tf.Tensor2D;
  /** Frees what was made for it. */
  close(): void;
}

/** A network that can be taken apart, and where. */
export interface Openable {
  readonly network: Network;
  readonly toLogits: Head['toLogits'];
  /** All places, from the input to the output. */
  readonly layers: readonly Place[];
  /** What the last product with weights reads; undefined where that is no vector of features. */
  readonly penultimate: Place | undefined;
}

/** A place, and which operation it is. */
export interface Place extends FeatureLayer {
  readonly at: number;
}

/** Where a classifier can be taken apart; refuses one whose layers cannot be read, and what is none. */
export function openableOf(where: Where, net: Classifier | undefined): Openable {
  const choice = net && choiceOf(net)?.();
  const opened = choice?.opened;
  if (opened === undefined)
    return refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a LayersModel, a GraphModel or a classifier of one, whose layers can be read',
      choice?.inference.reason ?? 'a function or a wrapper, which shows no layers',
      "Pass the model itself, or take a score of the logits, such as 'energy'.",
    );
  const { network } = opened;
  const layers = placesOf(network);
  const reads = lastProduct(network)?.inputs[0];
  return { ...opened, layers, penultimate: layers.find(({ at }) => at === reads) };
}

/** The place that was asked for by its name, by default the one in front of the last layer. */
export function placeIn(where: Where, { layers, penultimate }: Openable, name: string | undefined): Place {
  const names = layers.map((place) => `'${place.name}'`).join(', ');
  const found = name === undefined ? penultimate : layers.findLast((place) => place.name === name);
  if (found !== undefined) return found;
  return refuse(
    name === undefined ? { ...where, argument: 'model' } : where,
    name === undefined ? 'UNSUPPORTED_MODEL' : 'INVALID_OPTION',
    name === undefined
      ? 'a model with a vector of features in front of its last layer'
      : 'a layer of the model that all goes through, as a vector',
    name === undefined ? 'one without' : `'${name}'`,
    layers.length > 0
      ? `Name one of these as \`layer\`: ${names}.`
      : "It has none; take a score of the logits, such as 'energy'.",
  );
}

/** Begins to read features of a model whose weights do not change; `close` ends it. */
export function openFeatures({ network, toLogits }: Openable, { at, name, size }: Place): FeaturePass {
  const [first, last] = [before(network, at), after(network, at)];
  const shape = network.operations[at]!.shape;
  const [start, end] = runModel(() => [freeze(fuse(first)), freeze(fuse(last))] as const);
  return {
    layer: { name, size },
    features: (x) => runModel(() => tf.tidy(() => tf.reshape(start.run(x), [x.shape[0]!, size]))),
    logits: (features) =>
      runModel(() =>
        tf.tidy(() => toLogits(end.run(tf.reshape(features, [features.shape[0], ...shape]))) as tf.Tensor2D),
      ),
    close: () => {
      start.close();
      end.close();
    },
  };
}

/** The first place behind weights, after the activation of its layer. */
export function firstLearnt({ network, layers }: Openable): Place | undefined {
  const learnt = network.operations.findIndex(({ kind }) => LEARNT.includes(kind));
  const first = layers.find(({ at }) => learnt >= 0 && at >= learnt);
  return first && layers.findLast(({ name }) => name === first.name);
}

const LEARNT: readonly string[] = ['dense', 'conv2d', 'depthwiseConv2d', 'conv2dTranspose'];

/** What makes the features of one place of those of an earlier one. */
export function openBetween({ network }: Openable, from: Place, to: Place) {
  const part = freeze(fuse(after({ ...network, output: to.at }, from.at)));
  const shape = network.operations[from.at]!.shape;
  return {
    /** Features `[B, size of from]` to `[B, size of to]`. The caller owns them. */
    run: (features: tf.Tensor2D) =>
      tf.tidy(() => {
        const made = part.run(tf.reshape(features, [features.shape[0], ...shape]));
        return tf.reshape(made, [features.shape[0], to.size]) as tf.Tensor2D;
      }),
    close: part.close,
  };
}

/** Places of the operations that the output depends on. */
function neededBy({ operations, output }: Network): ReadonlySet<number> {
  const needed = new Set([output]);
  for (let id = output; id >= 0; id--)
    if (needed.has(id)) for (const input of operations[id]!.inputs) needed.add(input);
  return needed;
}

/**
 * The operations that give one vector for an example and through which all goes: no later one reads a result from before. The input
 * is none of them, and neither is the output.
 */
function placesOf(network: Network): Place[] {
  const { operations, output } = network;
  const needed = [...neededBy(network)].sort((a, b) => a - b);
  return needed.flatMap((at) => {
    const { name, shape } = operations[at]!;
    const size = sizeOf(shape);
    const vector = shape.length > 0 && shape.at(-1) === size;
    const through = needed.every((id) => id <= at || operations[id]!.inputs.every((input) => input >= at));
    return at > 0 && at !== output && vector && through ? [{ at, name, size }] : [];
  });
}

/** The last product with weights before the output, if nothing but what leaves numbers in place comes after it. */
function lastProduct({ operations, output }: Network): Operation | undefined {
  let last = operations[output]!;
  while (['activation', 'reshape', 'batchNorm', 'affine'].includes(last.kind) && last.inputs.length === 1)
    last = operations[last.inputs[0]!]!;
  return last.kind === 'dense' || last.kind === 'conv2d' ? last : undefined;
}

function before(network: Network, at: number): Network {
  return { ...network, output: at };
}

/** The rest of a network as one that takes the features for its input. */
function after({ operations, output }: Network, at: number): Network {
  const { name, shape } = operations[at]!;
  const input: Operation = { kind: 'input', name, inputs: [], shape };
  const rest = operations
    .slice(at + 1, output + 1)
    .map((operation) => ({ ...operation, inputs: operation.inputs.map((id) => Math.max(0, id - at)) }));
  return { inputShape: shape, operations: [input, ...rest], output: output - at };
}
