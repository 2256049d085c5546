import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkKeys, refuse, show, type Where } from '../core/check';
import { lenet } from './lenet';
import { RESNET_UNITS, resnetSmall } from './resnetSmall';

/** A variable of a checkpoint, as `parseTensorBundle` of `relu-overconfidence/datasets` returns it. */
export interface CheckpointVariable {
  /** Size of each axis. */
  readonly shape: readonly number[];
  /** The numbers, row-major. */
  readonly data: ArrayLike<number>;
}

/** How {@link loadPaperCheckpoint} is to build the network. */
export interface LoadPaperCheckpointOptions {
  /**
   * `[height, width, channels]` of one image, which the weights alone do not tell.
   * @defaultValue [32, 32, 3] for the small ResNet, [28, 28, 1] for LeNet
   */
  readonly inputShape?: readonly number[];
}

const WHERE: Where = { fn: 'loadPaperCheckpoint', argument: 'variables' };
/** TensorFlow's fused kernel raises the 1e-5 of the authors' code to this. */
const FUSED_EPSILON = 1.001e-5;

/**
 * Builds the network of a checkpoint that the paper's authors published and puts their weights into it.
 *
 * The names of the variables tell the network: {@link resnetSmall} (`block_1_0/sub1/conv1/weights`, ..., `logit/fc/weights`;
 * SVHN, CIFAR-10 and CIFAR-100) or {@link lenet} (`conv1/conv1/weights`, ..., `fc2/biases`; MNIST). The number of classes
 * is that of the last bias. Other variables, as those of the optimizer, are ignored. Batch normalisation gets the epsilon
 * in effect when the weights were trained, 1.001e-5. Inputs are images in [0, 1]. The caller owns the model.
 *
 * The checkpoints are at github.com/max-andr/relu_networks_overconfident, in `exps_paper/<run>/models`.
 *
 * @param variables - Variables by name.
 * @returns A model from `[B, ...inputShape]` to logits `[B, classes]`, float32.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `variables` is no Map; `INVALID_CHECKPOINT`, naming the variable, if
 * one is missing or has another shape than the network; `INVALID_OPTION` if `inputShape` is not three sizes.
 *
 * @example
 * ```ts no-run
 * import { readFile } from 'node:fs/promises';
 * import '@tensorflow/tfjs-backend-cpu';
 * import { parseTensorBundle } from 'relu-overconfidence/datasets';
 * import { loadPaperCheckpoint } from 'relu-overconfidence/models';
 *
 * const variables = parseTensorBundle(
 *   await readFile('model.ckpt-100.index'),
 *   await readFile('model.ckpt-100.data-00000-of-00001'),
 * );
 * const model = loadPaperCheckpoint(variables);
 * console.log(model.name); // resnet_small
 * ```
 */
export function loadPaperCheckpoint(
  variables: ReadonlyMap<string, CheckpointVariable>,
  options: LoadPaperCheckpointOptions = {},
): LayersModel {
  checkKeys({ fn: WHERE.fn, argument: 'options' }, options, { inputShape: true });
  const { inputShape } = options;
  if (!(variables instanceof Map))
    refuse(WHERE, 'INVALID_ARGUMENT', 'a Map of variables', show(variables), 'Pass what parseTensorBundle returns.');
  const isResnet = variables.has('block_init/conv/weights');
  const classes = classCount(variables, isResnet ? 'logit/fc/biases' : 'fc2/biases');
  const model = isResnet
    ? resnetSmall({ inputShape: inputShape ?? [32, 32, 3], classes, batchNormEpsilon: FUSED_EPSILON })
    : lenet({ inputShape: inputShape ?? [28, 28, 1], classes });
  try {
    for (const [layer, scope] of isResnet ? resnetScopes() : LENET_SCOPES)
      fillLayer(WHERE, model.getLayer(layer), scope, variables);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}

/** Our layers and the scopes of the authors' variables, as pairs. */
type Scopes = readonly (readonly [layer: string, scope: string])[];

const LENET_SCOPES: Scopes = [
  ['conv_1', 'conv1/conv1'],
  ['conv_2', 'conv2/conv2'],
  ['hidden', 'fc1'],
  ['logits', 'fc2'],
];

function resnetScopes(): Scopes {
  const units = RESNET_UNITS.flatMap(({ name, stage, unit }): Scopes => {
    const block = `block_${stage}_${unit - 1}`;
    const first = unit === 1 ? 'shared_activation' : 'residual_only_activation';
    return [
      [`${name}_1_norm`, `${block}/${first}/batch_normalization`],
      [`${name}_conv_1`, `${block}/sub1/conv1`],
      [`${name}_2_norm`, `${block}/sub2/batch_normalization`],
      [`${name}_conv_2`, `${block}/sub2/conv2`],
    ];
  });
  return [
    ['conv', 'block_init/conv'],
    ...units,
    ['last_norm', 'unit_last/batch_normalization'],
    ['logits', 'logit/fc'],
  ];
}

function classCount(variables: ReadonlyMap<string, CheckpointVariable>, name: string): number {
  const classes = variables.get(name)?.shape[0];
  if (classes === undefined || classes < 2)
    refuse(
      WHERE,
      'INVALID_CHECKPOINT',
      `the variables of the paper's small ResNet or LeNet, "${name}" with two or more numbers among them`,
      classes === undefined ? 'others' : `${classes}`,
      'Use a checkpoint of the authors, or build the model and call its layers’ setWeights yourself.',
    );
  return classes;
}

/** What TensorFlow calls the weights that tfjs-layers keeps in this order. */
const NAMES = {
  BatchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  other: ['weights', 'biases'],
} as const;

/** Sets the weights of a layer to the variables of one scope, each of them checked for its shape. */
function fillLayer(
  where: Where,
  layer: LayersModel['layers'][number],
  scope: string,
  variables: ReadonlyMap<string, CheckpointVariable>,
): void {
  const names = layer.getClassName() === 'BatchNormalization' ? NAMES.BatchNormalization : NAMES.other;
  tf.tidy(() => {
    const weights = layer.getWeights().map(({ shape, size }, i) => {
      const name = `${scope}/${names[i]}`;
      const variable = variables.get(name);
      if (variable === undefined || variable.shape.join() !== shape.join() || variable.data.length !== size)
        refuse(
          where,
          'INVALID_CHECKPOINT',
          `a checkpoint whose variable "${name}" has shape [${shape.join(', ')}]`,
          variable === undefined
            ? 'one without it'
            : `${variable.data.length} numbers of shape [${variable.shape.join(', ')}]`,
          'Check that both files belong to one checkpoint of the paper, and `inputShape`.',
        );
      return tf.tensor(Float32Array.from(variable.data), shape);
    });
    layer.setWeights(weights);
  });
}
