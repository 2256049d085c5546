import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Bounds } from '../core/bounds';
import type { Rng } from '../core/rng';

/** How a classifier is run. */
export interface LogitsOptions {
  /** Training mode: dropout is on, batch-norm uses and updates batch statistics. @defaultValue false */
  readonly training?: boolean;
  /** Source of dropout masks in training mode; without it tfjs draws unseeded masks of its own. */
  readonly rng?: Rng;
}

/**
 * How confidences, attacks and evaluations run a model. `'frozen'`: read once into few operations, batch normalisation folded into
 * the convolution before it, bias and activation computed by the way, gradients by the input alone; equal to the model but
 * for the roundings of float32. `'model'`: as it is, for the reason given.
 */
export interface Inference {
  /** Which of the two it is. */
  readonly pass: 'frozen' | 'model';
  /** Why the model is not frozen. */
  readonly reason?: string;
}

/** What a model is to this library: a function from images to logits, and the facts around it. `Label`: the names of its classes, where types know them. */
export interface Classifier<Label extends string = string> {
  /** Shape of one input, without the batch axis. */
  readonly inputShape: readonly number[];
  /** Number of classes K >= 2. */
  readonly classes: number;
  /** The box of valid inputs: `[low, high]` for every coordinate, or `{ low, high }` with a number for each feature of a vector. */
  readonly bounds: Bounds;
  /**
   * Who says so: the caller, the `'model'`, whose first layer is a rescaling that takes inputs of these bounds, or nobody, and then
   * [0, 1] is only `'assumed'`. @defaultValue 'given'
   */
  readonly boundsFrom?: 'given' | 'model' | 'assumed';
  /**
   * What turns the logits z into probabilities: `'softmax'` over the classes, or `'sigmoids'`, one for each class on its
   * own. With sigmoids the confidence is the largest of the K probabilities, in (0, 1) rather than [1/K, 1), the log-odds
   * are the largest logit, and "I do not know" is a low probability of every class. @defaultValue 'softmax'
   */
  readonly head?: 'softmax' | 'sigmoids';
  /** Names of the classes, if they were given. */
  readonly labels?: readonly Label[];
  /**
   * Whether inputs of shape `[H, W, C]` or `[H, W]` are images, in which neighbouring values belong together: they have smooth
   * noise, and attacks look for smooth changes. Otherwise each value counts for itself, as in a vector. @defaultValue true
   */
  readonly image?: boolean;
  /**
   * Logits of a batch. The caller owns the result.
   *
   * @param x - `[B, ...inputShape]`, float32, B >= 1.
   * @returns `[B, classes]`, float32.
   */
  logits(x: tf.Tensor, options?: LogitsOptions): tf.Tensor2D;
  /** Trainable variables, owned by the model; empty when it has none (GraphModel, plain function). */
  readonly variables: readonly tf.Variable[];
  /** Those of `variables` that weight decay applies to: convolution and dense kernels and dense biases. */
  readonly decayed: readonly tf.Variable[];
  /** The LayersModel that this is a view of; undefined for other models and for wrappers. */
  readonly layersModel?: LayersModel;
  /** Every variable of the model, the running statistics of batch normalisation included. */
  readonly state: readonly tf.Variable[];
  /**
   * How confidences, attacks and evaluations run the model. Found out when it is first asked for or needed, by running both
   * ways on two random inputs. Training, guarantees and wrappers made of this classifier always run the model itself.
   * `undefined` for such wrappers.
   */
  readonly inference?: Inference;
}

/** A plain function from images `[B, ...inputShape]` to logits `[B, classes]`. */
export type LogitsFunction = (x: tf.Tensor) => tf.Tensor2D;

/** Anything that can be asked for logits. A tfjs `GraphModel` is an `InferenceModel`. */
export type ModelLike<Label extends string = string> =
  | Classifier<Label>
  | LayersModel
  | tf.InferenceModel
  | LogitsFunction;

/** Inputs and their true classes: a batch, a training set, a test set. */
export interface LabelledData {
  /** Inputs `[B, ...inputShape]`, float32, inside the classifier's bounds. */
  readonly x: tf.Tensor;
  /** Class indices `[B]` or `[B, 1]` (0, ..., K - 1, any dtype) or one-hot rows `[B, K]`. */
  readonly y: tf.Tensor;
}

/** What {@link classifier} may be told about a model. */
export interface ClassifierOptions<Label extends string = string> {
  /** Shape of one input without the batch axis. @defaultValue read from the model; functions must give it */
  readonly inputShape?: readonly number[];
  /** Number of classes, if only to be sure of it: the model decides. @defaultValue read from the model */
  readonly classes?: number;
  /** Names of the classes, in the order of the model; what predicts then has them in its type. @defaultValue none */
  readonly labels?: readonly Label[];
  /**
   * The box of valid inputs, in input units: `[low, high]` for every coordinate, or `{ low: [...], high: [...] }` with a number for
   * each feature of a vector; attacks then measure epsilon and steps in widths of each feature. @defaultValue what a first rescaling of the model tells: the one of [0, 255],
   * [0, 1] and [-1, 1] that it brings to [0, 1], [-1, 1] or [-0.5, 0.5]; otherwise [0, 1]. See `boundsFrom` of {@link Classifier}
   */
  readonly bounds?: Bounds;
  /**
   * Whether inputs of shape `[H, W, C]` or `[H, W]` (an image of one channel) are images; see {@link Classifier}. @defaultValue true,
   * unless a LayersModel reads `[H, W]` as a sequence: unless its first layer, one that changes values in place apart, is
   * recurrent or works on one axis, such as LSTM or Conv1D
   */
  readonly image?: boolean;
  /**
   * What the model returns.
   *
   * - `'logits'`: what a softmax takes; from a single unit the logit of class 1 against class 0.
   * - `'probabilities'`: what a softmax returns; rows add up to 1.
   * - `'sigmoid'`: a single sigmoid unit, the probability of class 1 of two. Where the model can be seen to end without an
   *   activation, its output is the logit.
   * - `'sigmoids'`: a sigmoid unit for each class, on its own; see `head` of {@link Classifier}. Likewise.
   *
   * @defaultValue 'auto': read from the last layer of a LayersModel or the last node of a GraphModel. A softmax and a single
   * sigmoid unit are understood, also in a function that returns one number in [0, 1]; anything else is taken for logits
   * unless its values are bounded, which is refused
   */
  readonly outputs?: 'auto' | 'logits' | 'probabilities' | 'sigmoid' | 'sigmoids';
  /** Name of the output that tells the classes, of a model with several. @defaultValue the only one */
  readonly output?: string;
  /**
   * Whether confidences, attacks and evaluations may run a frozen form of the model, which is faster and takes less memory;
   * see {@link Inference}. @defaultValue true, where the model can be read and both compute the same to rounding
   */
  readonly frozen?: boolean;
  /** Trainable variables of a plain function, if it has any. @defaultValue none */
  readonly variables?: readonly tf.Variable[];
}
