import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, models, sequential } from '@tensorflow/tfjs-layers';
import { checkGradients } from '../../classifier/differentiate';
import { imageOf } from '../../classifier/inputFacts';
import { topologyOf } from '../../classifier/layersModelOf';
import type { Classifier, ModelLike } from '../../classifier/types';
import { isLayersModel } from '../../classifier/walkGraph';
import { float32Box, onePair } from '../../core/bounds';
import {
  checkFunction,
  checkKeys,
  checkNonNegative,
  checkPositive,
  checkWhole,
  type KeysOf,
  refuse,
  show,
} from '../../core/check';
import { checkInBounds } from '../../core/checkTensor';
import { heNormal } from '../../core/heNormal';
import { type RandomOptions, resolveRng } from '../../core/resolveRng';
import type { NoiseSampler } from '../../noise/options';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import { kinkExtremes } from '../bounds/relaxation';
import { inputsAndOut, type NamedInputs, type OutInputs } from '../wrapper/inputs';
import { readPoints } from '../wrapper/points';
import { type InputOptions, type SavedInputs, wrappedNet } from '../wrapper/wrappedNet';
import type { Discriminator } from './discriminator';
import { type JointClassifier, jointClassifier } from './jointClassifier';
import { type DiscriminatorTraining, trainDiscriminator } from './trainDiscriminator';

/** Options of {@link jointDiscriminator}. */
export interface JointDiscriminatorOptions extends DiscriminatorTraining, InputOptions, RandomOptions {
  /**
   * Network phi of the discriminator, `[B, ...inputShape]` to `[B, m]`, ending in a ReLU; it is trained in place and stays the
   * caller's. @defaultValue a small one that is made here
   */
  readonly features?: LayersModel;
  /** Added to the bias after training, so that the data keep their confidence. @defaultValue 3 */
  readonly biasShift?: number;
  /**
   * How fast the score falls per input unit outside the box of valid inputs, in the sum of absolute values, >= 0. Inside it
   * changes nothing. 0 gives the published method, which forgets only rays along which its features grow. @defaultValue 1 over
   * the width of the bounds
   */
  readonly outsideSlope?: number;
}

/** A network as plain data. */
export interface SavedNetwork {
  /** Its layers, as JSON without weights. */
  readonly topology: string;
  /** Its weights, flat, in the order of the layers. */
  readonly weights: readonly (readonly number[])[];
}

/** What makes a {@link JointDiscriminator} of a model: plain data, for JSON. */
export interface SavedJointDiscriminator extends SavedInputs {
  /** Which wrapper this is. */
  readonly method: 'jointDiscriminator';
  /** The network phi. */
  readonly features: SavedNetwork;
  /** `-exp(w)`, one for each feature. */
  readonly weights: readonly number[];
  /** The bias, shift included. */
  readonly bias: number;
  /** How fast the score falls outside the box. */
  readonly outsideSlope: number;
}

/** What {@link jointDiscriminator} returns. */
export interface JointDiscriminator extends JointClassifier {
  /** Plain data from which {@link restoreGuarantee} makes the same classifier on the same model. */
  save(): SavedJointDiscriminator;
  /** Frees the weights of the discriminator, unless its features are the caller's. */
  dispose(): void;
}

const fn = 'jointDiscriminator';

const OPTIONS: KeysOf<JointDiscriminatorOptions> = {
  epochs: true,
  batchSize: true,
  learningRate: true,
  epsilon: true,
  noise: true,
  onProgress: true,
  signal: true,
  bounds: true,
  seed: true,
  rng: true,
  features: true,
  biasShift: true,
  outsideSlope: true,
};

/**
 * Joins a model with a discriminator g between data and noise, trained so that it provably says "noise" in balls around noise
 * (ProoD, Meinke, Bitterwolf and Hein, NeurIPS 2022): with s(g) = 1 / (1 + exp(-g)),
 *
 *     p_k(x) = s(g(x)) softmax(f(x))_k + s(-g(x)) / K.
 *
 * So the confidence is at most `s + (1 - s) / K`, s being taken at an upper bound of g. The features of g are a ReLU network and its
 * last weights are `-exp(w) < 0`, so that g falls as they grow; interval propagation and linear relaxation bound it over balls,
 * float32 rounding included. The model itself is left alone: its predicted classes stay as they were.
 *
 * The published method goes to 1/K along a ray only if some feature grows along it, which `growsAlong` computes and nothing
 * ensures. Here g also falls with the distance from the box of valid inputs (`outsideSlope`), which changes nothing inside it
 * and makes the limit 1/K along every ray.
 *
 * Training takes as long as a small network takes on the data. Only g is trained, and its features in inference mode. The result
 * owns tensors; see `dispose`.
 *
 * @param model - Any model, see `classifier`.
 * @param data - Training inputs `[n, ...inputShape]`, float32, inside the bounds, alone or as `{ x }`, and with `{ x, out }`
 *   what is not data, from which batches are drawn in the place of `noise`. They stay the caller's.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT`, `NON_FINITE` or `OUT_OF_BOUNDS` for `x` and `out`; `INVALID_OPTION` for an
 *   option out of range or unknown; `UNSUPPORTED_MODEL` for `features` that do not end in a ReLU or have a layer without bounds;
 *   `GRADIENTS_NOT_REGISTERED` or `MISSING_KERNEL` where nothing can be trained; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { jointDiscriminator } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 2, seed: 1 });
 * const data = uniformNoise([100, 2], { seed: 1, bounds: [0.2, 0.4] });
 * const safe = await jointDiscriminator(model, data, {
 *   epochs: 5,
 *   noise: (points, rng) => uniformNoise(points.shape, { rng }),
 *   seed: 1,
 * });
 * console.log(safe.farAwayRadius(0.01)); // beyond it no confidence is above 0.51
 * safe.dispose();
 * ```
 */
export async function jointDiscriminator(
  model: ModelLike,
  data: tf.Tensor | (NamedInputs & OutInputs),
  options: JointDiscriminatorOptions = {},
): Promise<JointDiscriminator> {
  checkOptions(options);
  const { x, out } = inputsAndOut(fn, data);
  checkGradients(fn);
  const net = wrappedNet(fn, model, { ...options, inputShape: x.shape.slice(1) });
  const bounds = onePair({ fn, argument: 'bounds' }, net.bounds);
  for (const [argument, inputs] of Object.entries({ x, ...(out && { out }) })) {
    await readPoints({ fn, argument }, inputs, net.inputShape);
    checkInBounds({ fn, argument }, inputs, net.bounds);
  }
  const { noise, biasShift = 3, features: given } = options;
  const width = bounds[1] - bounds[0];
  const { outsideSlope = 1 / width } = options;
  if (given !== undefined) checkFeatures(given, net.inputShape);
  if (out !== undefined && noise !== undefined)
    refuse({ fn, argument: 'out' }, 'INVALID_ARGUMENT', 'either `out` or `noise`', 'both', 'Leave one of them out.');
  const box = float32Box(fn, bounds);
  const rng = resolveRng(options);
  const features = given ?? defaultFeatures(net, rng.integer(2 ** 31));
  try {
    const training = { ...options, ...(out !== undefined && { noise: rowsOf(out) }) };
    const last = await trainDiscriminator({ fn, net, features, x, rng }, training);
    const [bias, slope] = [Math.fround(last.bias + biasShift), Math.fround(outsideSlope)];
    const discriminator = { features, weights: last.weights, bias, slope, box };
    return assemble(net, discriminator, await weightsOf(features), given === undefined);
  } catch (error) {
    if (given === undefined) features.dispose();
    throw error;
  }
}

/** The wrapper that was saved, on its model. */
export async function restoreJoint(model: ModelLike, saved: SavedJointDiscriminator): Promise<JointDiscriminator> {
  const net = wrappedNet('restoreGuarantee', model, saved);
  const box = float32Box('restoreGuarantee', onePair({ fn: 'restoreGuarantee', argument: 'bounds' }, net.bounds));
  const features = await models.modelFromJSON(JSON.parse(saved.features.topology));
  tf.tidy(() => {
    const shapes = features.getWeights().map(({ shape }) => shape);
    features.setWeights(shapes.map((shape, i) => tf.tensor([...saved.features.weights[i]!], shape)));
  });
  const { bias, outsideSlope: slope } = saved;
  const discriminator = { features, weights: Float32Array.from(saved.weights), bias, slope, box };
  return assemble(net, discriminator, saved.features.weights, true);
}

function assemble(
  net: Classifier,
  discriminator: Discriminator,
  weights: SavedNetwork['weights'],
  owned: boolean,
): JointDiscriminator {
  const { features, bias, slope } = discriminator;
  const save = (): SavedJointDiscriminator => ({
    method: 'jointDiscriminator',
    inputShape: net.inputShape,
    bounds: net.bounds,
    features: { topology: topologyOf(features), weights },
    weights: Array.from(discriminator.weights),
    bias,
    outsideSlope: slope,
  });
  const dispose = () => {
    if (owned) features.dispose();
  };
  return Object.assign(jointClassifier(net, discriminator, toPiecewiseAffine(features)), { save, dispose });
}

async function weightsOf(features: LayersModel): Promise<number[][]> {
  const values = await Promise.all(features.weights.map((weight) => weight.read().data()));
  return values.map((list) => Array.from(list as Float32Array));
}

/** Draws rows of what is no data, as many as there are images. */
function rowsOf(out: tf.Tensor): NoiseSampler {
  const count = out.shape[0]!;
  return (images, rng) =>
    tf.tidy(() => {
      const rows = Int32Array.from({ length: images.shape[0]! }, () => rng.integer(count));
      return tf.gather(out, tf.tensor1d(rows, 'int32'));
    });
}

/**
 * A small ReLU network: two convolutions for images, and dense layers. Inputs in other bounds than
 * [0, 1] are brought there first, by a batch normalisation that is not trained.
 */
function defaultFeatures(net: Classifier, seed: string | number): LayersModel {
  const { inputShape } = net;
  const [low, high] = onePair({ fn, argument: 'bounds' }, net.bounds);
  const image = imageOf(net);
  const model = sequential({ layers: [layers.inputLayer({ inputShape: [...inputShape] })] });
  const scaling = layers.batchNormalization({ name: 'scaling', epsilon: Number.EPSILON, trainable: false });
  const unit = low === 0 && high === 1;
  if (!unit) model.add(scaling);
  if (image !== undefined) {
    const { height, width, channels } = image;
    if (inputShape.length === 2) model.add(layers.reshape({ targetShape: [height, width, channels] }));
    const convolution = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
    model.add(layers.conv2d({ filters: 16, ...convolution, name: 'conv_1' }));
    model.add(layers.conv2d({ filters: 32, strides: 2, ...convolution, name: 'conv_2' }));
  }
  if (inputShape.length > 1) model.add(layers.flatten());
  else model.add(layers.dense({ units: 64, activation: 'relu', name: 'hidden' }));
  model.add(layers.dense({ units: 64, activation: 'relu', name: 'features' }));
  heNormal(model, seed);
  if (!unit)
    tf.tidy(() => {
      const { shape } = scaling.getWeights()[0]!;
      const values = [1 / (high - low), 0, low, 1];
      scaling.setWeights(values.map((value) => tf.fill(shape, value)));
    });
  return model;
}

/** Refuses features that can be negative, or that are of other inputs. */
function checkFeatures(features: LayersModel, inputShape: readonly number[]): void {
  const where = { fn, argument: 'features' };
  if (!isLayersModel(features))
    refuse(where, 'INVALID_ARGUMENT', 'a LayersModel', show(features), 'Build it with tf.sequential or tf.model.');
  const net = toPiecewiseAffine(features);
  if (net.inputShape.join() !== inputShape.join())
    refuse(
      where,
      'INVALID_SHAPE',
      `a network of inputs [${inputShape.join(', ')}]`,
      `one of inputs [${net.inputShape.join(', ')}]`,
      'Build it for the inputs of the model.',
    );
  const last = net.nodes[net.output - 1];
  const positive =
    last?.kind === 'kink' &&
    Array.from({ length: last.size }, (_, i) => kinkExtremes(last, i, -Infinity, Infinity).least >= 0).every(Boolean);
  if (!positive)
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a network that ends in a ReLU, so that no feature is negative',
      `one that ends in layer "${last?.layer ?? 'input'}"`,
      "Give its last layer activation: 'relu'.",
    );
}

function checkOptions(options: JointDiscriminatorOptions): void {
  checkKeys({ fn, argument: 'options' }, options, OPTIONS);
  const { epochs, batchSize, learningRate, epsilon, noise, biasShift, outsideSlope } = options;
  for (const [argument, value] of Object.entries({ epochs, batchSize }))
    if (value !== undefined) checkWhole({ fn, argument }, value);
  if (learningRate !== undefined) checkPositive({ fn, argument: 'learningRate' }, learningRate);
  for (const [argument, value] of Object.entries({ epsilon, biasShift, outsideSlope }))
    if (value !== undefined) checkNonNegative({ fn, argument }, value);
  if (noise !== undefined) checkFunction({ fn, argument: 'noise' }, noise);
}
