import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkKeys, checkPositive, type KeysOf } from '../core/check';
import { heNormal } from '../core/heNormal';
import { checkModelOptions } from './checkModelOptions';

/** What {@link resnetSmall} is to build. */
export interface ResnetSmallOptions {
  /** `[height, width, channels]` of one image. @defaultValue [32, 32, 3] */
  readonly inputShape?: readonly number[];
  /** Number of classes K >= 2. @defaultValue 10 */
  readonly classes?: number;
  /** Seed of the initial weights. @defaultValue 0 */
  readonly seed?: string | number;
  /**
   * Added to the variance in every batch normalisation; 1.001e-5 for weights trained with TensorFlow's fused kernel.
   * @defaultValue 1e-5
   */
  readonly batchNormEpsilon?: number;
}

const STAGES = [
  { filters: 16, stride: 1 },
  { filters: 32, stride: 2 },
  { filters: 64, stride: 2 },
] as const;
const UNITS_PER_STAGE = 3;

/** The residual units in order, each with its place (counted from 1) and the prefix of its layers' names. */
export const RESNET_UNITS = STAGES.flatMap(({ filters, stride }, s) =>
  Array.from({ length: UNITS_PER_STAGE }, (_, u) => ({
    name: `unit_${s + 1}_${u + 1}`,
    stage: s + 1,
    unit: u + 1,
    filters,
    stride: u === 0 ? stride : 1,
  })),
);

const KEYS: KeysOf<ResnetSmallOptions> = { inputShape: true, classes: true, seed: true, batchNormEpsilon: true };

/**
 * Builds the small pre-activation ResNet of the paper's SVHN and CIFAR experiments: a 3x3 convolution with 16 filters;
 * three stages of three units with 16, 32 and 64 filters and strides 1, 2 and 2; batch normalisation (momentum 0.99),
 * ReLU, the average over all pixels, and a dense layer that returns logits.
 *
 * The first unit of each stage activates before its shortcut. A shortcut over a change of width is an average-pool and
 * channels of zeros, half on each side: it has no weights, so there is nothing for weight decay to count.
 *
 * Kernels start from N(0, 2 / fan-in); the same seed gives the same weights on every backend. Only stock layers are
 * used, so `model.save` and `tf.loadLayersModel` work as usual. The caller owns the model and frees it with
 * `model.dispose()`.
 *
 * @returns A model from `[B, ...inputShape]` to logits `[B, classes]`, float32, without a softmax.
 * @throws OverconfidenceError `INVALID_OPTION` if `inputShape` is not three whole sizes > 0, `classes` < 2, or
 * `batchNormEpsilon` is not a finite number > 0.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { resnetSmall } from 'relu-overconfidence/models';
 *
 * const model = resnetSmall({ inputShape: [32, 32, 3], classes: 10, seed: 0 });
 * console.log(model.countParams()); // 271098
 * model.dispose();
 * ```
 */
export function resnetSmall(options: ResnetSmallOptions = {}): LayersModel {
  checkKeys({ fn: 'resnetSmall', argument: 'options' }, options, KEYS);
  const { inputShape = [32, 32, 3], classes = 10, seed = 0, batchNormEpsilon = 1e-5 } = options;
  checkModelOptions('resnetSmall', { inputShape, classes, rank: 3 });
  checkPositive({ fn: 'resnetSmall', argument: 'batchNormEpsilon' }, batchNormEpsilon);
  const image = input({ shape: [...inputShape], name: 'input' });
  let x = convolution(image, 'conv', 16, 1);
  for (const { name, filters, stride, unit } of RESNET_UNITS)
    x = preActivationUnit(x, { name, filters, stride, activateShortcut: unit === 1, epsilon: batchNormEpsilon });
  const features = layers
    .globalAveragePooling2d({ name: 'average' })
    .apply(normalisedRelu(x, 'last', batchNormEpsilon));
  const dense = layers.dense({ units: classes, kernelInitializer: 'heNormal', name: 'logits' });
  const network = model({ inputs: image, outputs: dense.apply(features) as SymbolicTensor, name: 'resnet_small' });
  heNormal(network, seed);
  return network;
}

/** How one unit of the residual network is built. */
interface Unit {
  /** Prefix of the layers' names. */
  readonly name: string;
  /** Number of filters of both convolutions. */
  readonly filters: number;
  /** Stride of the first convolution and of the shortcut. */
  readonly stride: number;
  /** Whether the shortcut starts after the first batch-norm and ReLU, or before. */
  readonly activateShortcut: boolean;
  readonly epsilon: number;
}

/** Batch normalisation, ReLU, convolution, twice, added to a shortcut without weights (He et al. 2016, arXiv 1603.05027). */
function preActivationUnit(
  x: SymbolicTensor,
  { name, filters, stride, activateShortcut, epsilon }: Unit,
): SymbolicTensor {
  const activated = normalisedRelu(x, `${name}_1`, epsilon);
  const first = convolution(activated, `${name}_conv_1`, filters, stride);
  const second = convolution(normalisedRelu(first, `${name}_2`, epsilon), `${name}_conv_2`, filters, 1);
  const carried = shortcut(activateShortcut ? activated : x, name, filters, stride);
  return layers.add({ name: `${name}_add` }).apply([carried, second]) as SymbolicTensor;
}

/** Batch normalisation followed by ReLU. */
function normalisedRelu(x: SymbolicTensor, name: string, epsilon: number): SymbolicTensor {
  const normalised = layers.batchNormalization({ momentum: 0.99, epsilon, name: `${name}_norm` }).apply(x);
  return layers.reLU({ name: `${name}_relu` }).apply(normalised) as SymbolicTensor;
}

/** 3x3 convolution with zero padding and no bias: the batch normalisation that follows has one. */
function convolution(x: SymbolicTensor, name: string, filters: number, strides: number): SymbolicTensor {
  const kernelInitializer = 'heNormal';
  const layer = layers.conv2d({
    filters,
    kernelSize: 3,
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer,
    name,
  });
  return layer.apply(x) as SymbolicTensor;
}

/** Average-pooling over the stride, then new channels of zeros, half before and half after the old ones. */
function shortcut(x: SymbolicTensor, name: string, filters: number, stride: number): SymbolicTensor {
  const pool = layers.averagePooling2d({ poolSize: stride, strides: stride, padding: 'same', name: `${name}_pool` });
  const pooled = stride === 1 ? x : (pool.apply(x) as SymbolicTensor);
  const [, height, width, channels] = pooled.shape as [null, number, number, number];
  if (channels === filters) return pooled;
  // tfjs has no layer that pads channels, so they stand in as the columns of a picture with one row per pixel.
  const before = Math.floor((filters - channels) / 2);
  const columns = layers.zeroPadding2d({
    padding: [
      [0, 0],
      [before, filters - channels - before],
    ],
    name: `${name}_pad`,
  });
  const asColumns = layers.reshape({ targetShape: [height * width, channels, 1], name: `${name}_to_columns` });
  const asChannels = layers.reshape({ targetShape: [height, width, filters], name: `${name}_to_channels` });
  return asChannels.apply(columns.apply(asColumns.apply(pooled))) as SymbolicTensor;
}
