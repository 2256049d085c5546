import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkBox } from '../core/bounds';
import { checkKeys, checkOneOf, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { checkBatch } from '../core/checkTensor';
import { imageSize } from '../core/imageSize';
import { once } from '../core/once';
import { factsOf } from './factsOf';
import { fromGraphModel } from './fromGraphModel';
import { fromLayersModel } from './fromLayersModel';
import { type Head, headAs, headOf, type Reading } from './head';
import { choiceOf, chooseInference, withInference } from './inference';
import { probe, unitsOf } from './probe';
import { runModel } from './runModel';
import type { Classifier, ClassifierOptions, Inference, LogitsFunction, LogitsOptions, ModelLike } from './types';
import type { View } from './view';
import { isLayersModel } from './walkGraph';

const fn = 'classifier';

/** The options of `classifier`. */
export const CLASSIFIER_KEYS: KeysOf<ClassifierOptions> = {
  inputShape: true,
  classes: true,
  labels: true,
  bounds: true,
  image: true,
  outputs: true,
  output: true,
  frozen: true,
  variables: true,
};

/**
 * Makes a {@link Classifier} of a tfjs model or a function, once, so that everything else in the library can ask for
 * logits and gradients without knowing what is inside.
 *
 * A model that ends in a softmax gives its logits: the softmax is taken off, the weights are shared and nothing is copied.
 * Training goes on changing the LayersModel that was passed in. One sigmoid unit is a classifier of two classes with logits
 * `[0, z]`, z being what the sigmoid takes. Where softmax or sigmoid cannot be taken off (inside another layer, in a
 * function), logarithms of the probabilities serve as logits; probabilities that have rounded to 0 or 1 then have no
 * gradient. A sigmoid for each of several classes must be asked for with `outputs: 'sigmoids'`.
 *
 * @param model - A LayersModel with one input, whose output (or the one named by `output`) is `[batch, units]`; a
 *   GraphModel; a function; or a Classifier, which is returned as it is or, with `bounds`, `image` or `labels`, as a view with these.
 * @returns A view of the model; it owns no tensors and needs no disposal.
 * @throws OverconfidenceError `PROBABILITIES_AS_LOGITS` if the model returns probabilities, of a softmax or of several
 *   sigmoids, but was taken to return logits; `UNSUPPORTED_MODEL` for several inputs, several outputs without `output`, one
 *   unit without a sigmoid, an output bounded by some other function, or a model that cannot be run (`DISPOSED`,
 *   `NO_BACKEND` and `MISSING_KERNEL` where that is why); `INVALID_ARGUMENT` if a shape is unknown; `INVALID_OPTION` for
 *   options that are unknown, out of range or contradict the model. What the model returns for a few random inputs is looked
 *   at, except on webgpu.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { classifier } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 3, activation: 'softmax' })] });
 * const net = classifier(model, { bounds: [-1, 1] });
 * console.log(net.classes, net.inputShape); // 3 [ 2 ]
 * ```
 */
export function classifier<Label extends string = string>(
  model: ModelLike,
  options?: ClassifierOptions<Label>,
): Classifier<Label>;
export function classifier(model: ModelLike, options: ClassifierOptions = {}): Classifier {
  checkOptions(options);
  if (isClassifier(model)) return rewrap(model, options);
  const { outputs = 'auto', labels } = options;
  const view = viewOf(model, options);
  const { inputShape, input } = view;
  if (options.bounds !== undefined) checkBox({ fn, argument: 'bounds' }, options.bounds, inputShape);
  const bounds = options.bounds ?? input?.bounds ?? [0, 1];
  const boundsFrom = options.bounds ? 'given' : input?.bounds ? 'model' : 'assumed';
  const seen = runModel(() => probe(view.whole, inputShape, bounds));
  const head = headOf(view.whole, view.ending, seen, outputs);
  checkClasses(model, head.classes, options.classes);
  if (labels !== undefined) checkLabelNames(labels, head.classes);
  const image = imageAs(inputShape, options.image, !(input?.sequence && inputShape.length === 2));
  const { reading } = head;
  const plan: Plan = { bounds, boundsFrom, image, labels, reading, units: seen.units, inputShape };
  return made(view, head, options.frozen === false ? { ...plan, inference: SWITCHED_OFF } : plan);
}

/** How a classifier reads a LayersModel: plain data, to read a copy of that model elsewhere just so. */
export interface Plan extends Pick<Classifier, 'inputShape' | 'bounds' | 'boundsFrom' | 'image'> {
  readonly reading: Reading;
  readonly units: number;
  readonly labels: readonly string[] | undefined;
  /** How it is run in inference mode, if that is settled. */
  readonly inference?: Inference;
}

const SWITCHED_OFF: Inference = { pass: 'model', reason: 'switched off by `frozen: false`' };

const plans = new WeakMap<Classifier, Plan>();

/** How a classifier reads its {@link Classifier.layersModel}; `undefined` where {@link classifier} has not made it of one. */
export function planOf(net: Classifier): Plan | undefined {
  const plan = net.layersModel && plans.get(net);
  return plan && { ...plan, inference: choiceOf(net)!().inference };
}

/** The classifier of a model with one output by a plan: nothing is guessed, and its weights may still be missing. */
export function classifierBy(plan: Plan, model: LayersModel): Classifier {
  const view = fromLayersModel(model, plan);
  return made(view, headAs(view.whole, view.ending, plan.reading, plan.units), plan);
}

function made(view: View, read: Head, plan: Plan): Classifier {
  const { bounds, boundsFrom = 'given', image = true, labels, inference } = plan;
  const { head, classes, forward, toLogits } = read;
  const net: Classifier = {
    inputShape: view.inputShape,
    classes,
    bounds,
    boundsFrom,
    image,
    head,
    ...(labels === undefined ? {} : { labels }),
    ...(view.layersModel === undefined ? {} : { layersModel: view.layersModel }),
    logits: (x: tf.Tensor, { training = false, rng }: LogitsOptions = {}) => {
      checkBatch({ fn: 'logits', argument: 'x' }, x, view.inputShape);
      return runModel(() =>
        tf.tidy(() => {
          const out = toLogits(view.run(forward, x, training, rng));
          unitsOf(out, x.shape[0]!, classes);
          return out as tf.Tensor2D;
        }),
      );
    },
    get variables() {
      return view.weights().variables;
    },
    get decayed() {
      return view.weights().decayed;
    },
    get state() {
      return view.weights().state;
    },
  };
  plans.set(net, plan);
  return withInference(
    net,
    once(() => chooseInference(view, read, bounds, inference)),
  );
}

function checkOptions(options: ClassifierOptions): void {
  checkKeys({ fn, argument: 'options' }, options, CLASSIFIER_KEYS);
  const { bounds, image, outputs, classes, inputShape, output, frozen } = options;
  if (bounds !== undefined) checkBox({ fn, argument: 'bounds' }, bounds);
  if (image !== undefined && typeof image !== 'boolean')
    refuse({ fn, argument: 'image' }, 'INVALID_OPTION', 'true or false', show(image), 'Leave it out to have it read.');
  if (outputs !== undefined)
    checkOneOf({ fn, argument: 'outputs' }, outputs, ['auto', 'logits', 'probabilities', 'sigmoid', 'sigmoids']);
  if (frozen !== undefined && typeof frozen !== 'boolean')
    refuse({ fn, argument: 'frozen' }, 'INVALID_OPTION', 'true or false', show(frozen), 'Pass `frozen: false`.');
  if (classes !== undefined) checkWhole({ fn, argument: 'classes' }, classes, 2);
  if (inputShape !== undefined && !Array.isArray(inputShape))
    refuse(
      { fn, argument: 'inputShape' },
      'INVALID_OPTION',
      'an array',
      show(inputShape),
      'Pass for example [28, 28, 1].',
    );
  inputShape?.forEach((size) => {
    checkWhole({ fn, argument: 'inputShape' }, size);
  });
  if (output !== undefined && typeof output !== 'string')
    refuse({ fn, argument: 'output' }, 'INVALID_OPTION', 'a name', show(output), 'Pass the name of an output.');
}

/** Whether inputs are images, as was told or else concluded. */
function imageAs(inputShape: readonly number[], told: boolean | undefined, concluded: boolean): boolean {
  const can = imageSize(inputShape) !== undefined;
  if (told && !can)
    refuse(
      { fn, argument: 'image' },
      'INVALID_OPTION',
      'false, or inputs of shape [H, W, C] or [H, W]',
      `true, of inputs of shape [${inputShape.join(', ')}]`,
      'Leave it out.',
    );
  return can && (told ?? concluded);
}

function viewOf(model: Exclude<ModelLike, Classifier>, options: ClassifierOptions): View {
  if (isLayersModel(model)) {
    refuseIgnored(options, ['variables'], 'a LayersModel has its own');
    return fromLayersModel(model, options);
  }
  if (typeof model === 'function') {
    refuseIgnored(options, ['output', 'frozen'], 'a function has one output and shows no layers');
    return fromFunction(model, options);
  }
  if (isInferenceModel(model)) return fromGraphModel(model, options);
  return refuse(
    { fn, argument: 'model' },
    'INVALID_ARGUMENT',
    'a LayersModel, a GraphModel, a function or a Classifier',
    show(model),
    'Load it with tf.loadLayersModel or tf.loadGraphModel first (and await it).',
  );
}

/** A classifier under other bounds or labels, or whose inputs are images or are not. What is settled inside it may be repeated, but not changed. */
function rewrap(net: Classifier, options: ClassifierOptions): Classifier {
  refuseIgnored(options, ['outputs', 'output', 'variables'], 'the model is a Classifier already');
  checkClasses(net, net.classes, options.classes);
  const { inputShape, bounds = net.bounds, labels = net.labels, frozen } = options;
  if (inputShape !== undefined && String(inputShape) !== String(net.inputShape))
    refuse(
      { fn, argument: 'inputShape' },
      'INVALID_OPTION',
      `the classifier's own input shape [${net.inputShape.join(', ')}]`,
      `[${inputShape.join(', ')}]`,
      'Leave it out.',
    );
  if (frozen) refuseIgnored(options, ['frozen'], 'a Classifier knows already how it is run');
  if ([options.bounds, options.image, options.labels, frozen].every((option) => option === undefined)) return net;
  const image = imageAs(net.inputShape, options.image, net.image ?? true);
  const boundsFrom = options.bounds ? 'given' : (net.boundsFrom ?? 'given');
  if (labels !== undefined) checkLabelNames(labels, net.classes);
  checkBox({ fn, argument: 'bounds' }, bounds, net.inputShape);
  const view: Classifier = Object.assign(factsOf(net), {
    bounds,
    boundsFrom,
    image,
    ...(labels === undefined ? {} : { labels }),
    ...(net.layersModel === undefined ? {} : { layersModel: net.layersModel }),
    logits: (x: tf.Tensor, how?: LogitsOptions) => net.logits(x, how),
  });
  const plan = plans.get(net);
  if (plan !== undefined) plans.set(view, { ...plan, bounds, boundsFrom, image, labels });
  const choice = frozen === false ? () => ({ inference: SWITCHED_OFF }) : choiceOf(net);
  return choice === undefined ? view : withInference(view, choice);
}

/** Refuses options that would change nothing. */
function refuseIgnored(options: ClassifierOptions, names: readonly (keyof ClassifierOptions)[], why: string): void {
  for (const name of names) {
    const value = options[name];
    if (value === undefined || (name === 'outputs' && value === 'auto')) continue;
    refuse({ fn, argument: name }, 'INVALID_OPTION', `left out, since ${why}`, show(value), 'Leave it out.');
  }
}

function checkClasses(model: ModelLike, classes: number, told: number | undefined): void {
  if (told === undefined || told === classes) return;
  if (typeof model === 'function')
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      `a model of ${told} classes, as \`classes\` says`,
      `one of ${classes}`,
      'Return logits [batch, classes] and check `classes`.',
    );
  refuse({ fn, argument: 'classes' }, 'INVALID_OPTION', `the model's own ${classes}`, String(told), 'Leave it out.');
}

function checkLabelNames(labels: readonly string[], classes: number): void {
  const where = { fn, argument: 'labels' };
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === 'string'))
    refuse(where, 'INVALID_OPTION', 'an array of names', show(labels), 'Pass for example `labels: ["cat", "dog"]`.');
  if (labels.length !== classes)
    refuse(where, 'INVALID_OPTION', `${classes} names, one for each class`, `${labels.length}`, 'Name every class.');
}

/** Whether a model has been through {@link classifier} already. */
export function isClassifier(model: unknown): model is Classifier {
  return model !== null && typeof model === 'object' && 'logits' in model && 'classes' in model && 'bounds' in model;
}

function isInferenceModel(model: unknown): model is tf.InferenceModel {
  return model !== null && typeof model === 'object' && 'predict' in model && 'execute' in model;
}

/** A plain function as a model; it must be told its input shape. */
function fromFunction(
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
