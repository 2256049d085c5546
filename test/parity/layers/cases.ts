import type * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { createRng } from '../../../src/core/rng';
import { hasActivation } from '../../support/hasActivation';

/** A layer of tfjs-layers in one of its uses. */
export interface LayerCase {
  /** Name of the function of `tf.layers` that makes it. */
  readonly layer: string;
  /** What is special about this use. */
  readonly use: string;
  /** Shape of one input. */
  readonly shape: readonly number[];
  readonly build: (input: SymbolicTensor) => SymbolicTensor;
  /** Whether no gradient can exist: the layer is constant almost everywhere, and it must be reported as zero. */
  readonly flat?: true;
  /** Where the inputs lie; -1 to 1 unless told. */
  readonly range?: readonly [number, number];
  /** What tfjs itself says when it cannot run the layer forward at all. */
  readonly noForward?: RegExp;
}

type Made = {
  apply: (inputs: SymbolicTensor | SymbolicTensor[]) => tf.Tensor | tf.Tensor[] | SymbolicTensor | SymbolicTensor[];
};
const on = (input: SymbolicTensor | SymbolicTensor[], layer: unknown) => (layer as Made).apply(input) as SymbolicTensor;

const image = [5, 6, 2] as const;
const sequence = [5, 4] as const;
const vector = [7] as const;
const volume = [3, 4, 3, 2] as const;

const one = (
  layer: string,
  use: string,
  shape: readonly number[],
  make: () => unknown,
  more: Partial<LayerCase> = {},
): LayerCase => ({
  layer,
  use,
  shape,
  build: (input) => on(input, make()),
  ...more,
});

/** A layer that merges two branches of one input. */
const merged = (layer: string, use: string, shape: readonly number[], make: () => unknown): LayerCase => ({
  layer,
  use,
  shape,
  build: (input) =>
    on(
      [1, 2].map(() => on(input, layers.dense({ units: 4 }))),
      make(),
    ),
});

const ACTIVATIONS = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const;

/** The default is orthogonal, which needs chained operations; the weights are replaced anyway. */
const PLAIN = { recurrentInitializer: 'glorotUniform' } as const;

const random = () => initializers.randomNormal({ seed: 1 });

/** Every layer of tfjs-layers in the uses that matter to its gradient. */
export const LAYER_CASES: readonly LayerCase[] = [
  ...ACTIVATIONS.filter(hasActivation).map((activation) =>
    one('activation', activation, vector, () => layers.activation({ activation: activation as 'relu' })),
  ),
  one('reLU', '', vector, () => layers.reLU()),
  one('reLU', 'maxValue', vector, () => layers.reLU({ maxValue: 0.5 })),
  one('leakyReLU', '', vector, () => layers.leakyReLU({ alpha: 0.2 })),
  one('prelu', 'vector', vector, () => layers.prelu({ alphaInitializer: random() })),
  one('prelu', 'shared axes', image, () => layers.prelu({ sharedAxes: [1, 2], alphaInitializer: random() })),
  one('elu', 'alpha 1', vector, () => layers.elu()),
  one('elu', 'alpha 0.7', vector, () => layers.elu({ alpha: 0.7 }), { noForward: /alpha/ }),
  one('thresholdedReLU', '', vector, () => layers.thresholdedReLU({ theta: 0.5 })),
  one('softmax', 'last axis', vector, () => layers.softmax()),
  one('softmax', 'axis 1', sequence, () => layers.softmax({ axis: 1 }), { noForward: /non-last dimension/ }),
  one('dense', 'vector', vector, () => layers.dense({ units: 3, activation: 'tanh' })),
  one('dense', 'sequence', sequence, () => layers.dense({ units: 3 })),
  one('dropout', 'inference', vector, () => layers.dropout({ rate: 0.5 })),
  one('spatialDropout1d', 'inference', sequence, () => layers.spatialDropout1d({ rate: 0.5 })),
  one('gaussianNoise', 'inference', vector, () => layers.gaussianNoise({ stddev: 1 })),
  one('gaussianDropout', 'inference', vector, () => layers.gaussianDropout({ rate: 0.5 })),
  one('alphaDropout', 'inference', vector, () => layers.alphaDropout({ rate: 0.5 })),
  one('flatten', '', image, () => layers.flatten()),
  one('flatten', 'channels first', image, () => layers.flatten({ dataFormat: 'channelsFirst' })),
  one('reshape', '', image, () => layers.reshape({ targetShape: [10, 6] })),
  one('permute', '', image, () => layers.permute({ dims: [3, 1, 2] })),
  one('repeatVector', '', vector, () => layers.repeatVector({ n: 3 })),
  one('masking', '', sequence, () => layers.masking({ maskValue: 9 })),
  one('conv1d', 'valid', sequence, () => layers.conv1d({ filters: 3, kernelSize: 3 })),
  one('conv1d', 'same, strides 2', sequence, () =>
    layers.conv1d({ filters: 3, kernelSize: 2, strides: 2, padding: 'same' }),
  ),
  one('conv1d', 'dilation 2', sequence, () => layers.conv1d({ filters: 3, kernelSize: 2, dilationRate: 2 })),
  one('conv1d', 'causal', sequence, () => layers.conv1d({ filters: 3, kernelSize: 2, padding: 'causal' }), {
    noForward: /causal/i,
  }),
  one('conv2d', 'valid', image, () => layers.conv2d({ filters: 3, kernelSize: 3 })),
  one('conv2d', 'same, strides 2', image, () =>
    layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' }),
  ),
  one('conv2d', 'kernel 2 x 4, strides 1 x 2', image, () =>
    layers.conv2d({ filters: 3, kernelSize: [2, 4], strides: [1, 2], padding: 'same', activation: 'tanh' }),
  ),
  one('conv2d', 'kernel 1 x 1', image, () => layers.conv2d({ filters: 3, kernelSize: 1, useBias: false })),
  one('conv2d', 'channels first', [2, 5, 6], () =>
    layers.conv2d({ filters: 3, kernelSize: 3, dataFormat: 'channelsFirst' }),
  ),
  one('conv2d', 'dilation 2, valid', image, () => layers.conv2d({ filters: 3, kernelSize: 2, dilationRate: 2 })),
  one('conv2d', 'dilation 2, same', image, () =>
    layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'same' }),
  ),
  one('conv2d', 'dilation 1 x 3', image, () =>
    layers.conv2d({ filters: 3, kernelSize: 2, dilationRate: [1, 3], padding: 'same' }),
  ),
  one('conv2dTranspose', 'valid, strides 2', image, () =>
    layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2 }),
  ),
  one('conv2dTranspose', 'same', image, () => layers.conv2dTranspose({ filters: 3, kernelSize: 3, padding: 'same' })),
  one('conv3d', 'valid', volume, () => layers.conv3d({ filters: 2, kernelSize: 2 })),
  one('conv3d', 'same, strides 2', volume, () =>
    layers.conv3d({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' }),
  ),
  one('conv3dTranspose', '', volume, () => layers.conv3dTranspose({ filters: 2, kernelSize: 2 })),
  one('depthwiseConv2d', 'valid', image, () => layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 })),
  one('depthwiseConv2d', 'same, strides 2', image, () =>
    layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same' }),
  ),
  one('depthwiseConv2d', 'dilation 2', image, () => layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 })),
  one('separableConv2d', 'same', image, () => layers.separableConv2d({ filters: 3, kernelSize: 3, padding: 'same' })),
  one('separableConv2d', 'strides 2', image, () => layers.separableConv2d({ filters: 3, kernelSize: 3, strides: 2 })),
  one('separableConv2d', 'dilation 2', image, () =>
    layers.separableConv2d({ filters: 3, kernelSize: 2, dilationRate: 2 }),
  ),
  one('cropping2D', '', image, () =>
    layers.cropping2D({
      cropping: [
        [1, 0],
        [2, 1],
      ],
    }),
  ),
  one('upSampling2d', 'nearest', image, () => layers.upSampling2d({ size: [2, 3] })),
  one('upSampling2d', 'bilinear', image, () => layers.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })),
  one('zeroPadding2d', '', image, () =>
    layers.zeroPadding2d({
      padding: [
        [1, 0],
        [2, 1],
      ],
    }),
  ),
  one('averagePooling1d', 'valid', sequence, () => layers.averagePooling1d({ poolSize: 2 })),
  one('averagePooling1d', 'same', sequence, () =>
    layers.averagePooling1d({ poolSize: 3, strides: 1, padding: 'same' }),
  ),
  one('averagePooling2d', 'valid', image, () => layers.averagePooling2d({ poolSize: 2 })),
  one('averagePooling2d', 'same', image, () => layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  one('averagePooling2d', 'same, overlapping', image, () =>
    layers.averagePooling2d({ poolSize: [3, 2], strides: 1, padding: 'same' }),
  ),
  one('averagePooling3d', 'valid', volume, () => layers.averagePooling3d({ poolSize: 2 })),
  one('averagePooling3d', 'same', volume, () => layers.averagePooling3d({ poolSize: 2, strides: 1, padding: 'same' })),
  one('maxPooling1d', 'valid', sequence, () => layers.maxPooling1d({ poolSize: 2 })),
  one('maxPooling2d', 'valid', image, () => layers.maxPooling2d({ poolSize: 2 })),
  one('maxPooling2d', 'same, overlapping', image, () =>
    layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
  ),
  one('maxPooling3d', 'valid', volume, () => layers.maxPooling3d({ poolSize: 2 })),
  one('maxPooling3d', 'same', volume, () => layers.maxPooling3d({ poolSize: 2, strides: 1, padding: 'same' })),
  one('globalAveragePooling1d', '', sequence, () => layers.globalAveragePooling1d()),
  one('globalAveragePooling2d', '', image, () => layers.globalAveragePooling2d({})),
  one('globalMaxPooling1d', '', sequence, () => layers.globalMaxPooling1d()),
  one('globalMaxPooling2d', '', image, () => layers.globalMaxPooling2d({})),
  merged('add', '', vector, () => layers.add()),
  merged('average', '', vector, () => layers.average()),
  merged('concatenate', '', vector, () => layers.concatenate()),
  merged('maximum', '', vector, () => layers.maximum()),
  merged('minimum', '', vector, () => layers.minimum()),
  merged('multiply', '', vector, () => layers.multiply()),
  merged('dot', 'vectors', vector, () => layers.dot({ axes: 1 })),
  merged('dot', 'cosine', vector, () => layers.dot({ axes: 1, normalize: true })),
  merged('dot', 'sequences', sequence, () => layers.dot({ axes: 2 })),
  one('batchNormalization', '', image, () => layers.batchNormalization()),
  one('batchNormalization', 'vector', vector, () => layers.batchNormalization()),
  one('batchNormalization', 'scale: false', image, () => layers.batchNormalization({ scale: false })),
  one('batchNormalization', 'center: false', vector, () => layers.batchNormalization({ center: false })),
  one('batchNormalization', 'neither', image, () => layers.batchNormalization({ center: false, scale: false })),
  one('batchNormalization', 'axis 1', image, () => layers.batchNormalization({ axis: 1 })),
  one('batchNormalization', 'axis 1, scale: false', image, () => layers.batchNormalization({ axis: 1, scale: false })),
  one('layerNormalization', '', sequence, () => layers.layerNormalization()),
  one('layerNormalization', 'no scale', sequence, () => layers.layerNormalization({ scale: false, center: false })),
  one('layerNormalization', 'axes 1 and 2', sequence, () => layers.layerNormalization({ axis: [1, 2] })),
  one('simpleRNN', '', sequence, () => layers.simpleRNN({ units: 3, ...PLAIN })),
  one('simpleRNN', 'sequences', sequence, () =>
    layers.simpleRNN({ units: 3, ...PLAIN, returnSequences: true, goBackwards: true }),
  ),
  one('gru', '', sequence, () => layers.gru({ units: 3, ...PLAIN })),
  one('lstm', '', sequence, () => layers.lstm({ units: 3, ...PLAIN })),
  one('rnn', 'stacked cells', sequence, () =>
    layers.rnn({
      cell: layers.stackedRNNCells({
        cells: [
          layers.simpleRNNCell({ units: 3, ...PLAIN }),
          layers.gruCell({ units: 2, ...PLAIN }),
          layers.lstmCell({ units: 2, ...PLAIN }),
        ],
      }) as never,
    }),
  ),
  one('convLstm2d', '', [2, 4, 4, 1], () => layers.convLstm2d({ filters: 2, kernelSize: 2, ...PLAIN })),
  one('bidirectional', '', sequence, () =>
    layers.bidirectional({ layer: layers.lstm({ units: 2, ...PLAIN }) as never, mergeMode: 'concat' }),
  ),
  one('timeDistributed', '', sequence, () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) })),
  one('rescaling', '', image, () => layers.rescaling({ scale: 2, offset: -1 })),
  one('centerCrop', '', image, () => layers.centerCrop({ height: 3, width: 4 })),
  one('centerCrop', 'larger than the input', image, () => layers.centerCrop({ height: 8, width: 9 }), {
    noForward: /rank|typed array/,
  }),
  one('resizing', 'bilinear', image, () => layers.resizing({ height: 8, width: 4 }), { noForward: /rank|typed array/ }),
  one('resizing', 'nearest', image, () => layers.resizing({ height: 7, width: 11, interpolation: 'nearest' }), {
    noForward: /rank|typed array/,
  }),
  one('randomWidth', 'inference', image, () => layers.randomWidth({ factor: 0.2 }), { noForward: /positive integers/ }),
  one('categoryEncoding', '', vector, () => layers.categoryEncoding({ numTokens: 4, outputMode: 'count' }), {
    flat: true,
    range: [0.2, 3.8],
  }),
];

/** Functions of `tf.layers` that make no layer of a kind of their own, and why. */
export const NO_CASE: Readonly<Record<string, string>> = {
  Layer: 'base class',
  RNN: 'base class',
  RNNCell: 'base class',
  embedding: 'of token ids, which `classifier` refuses',
  input: 'the input itself',
  inputLayer: 'the input itself',
  simpleRNNCell: 'in rnn',
  gruCell: 'in rnn',
  lstmCell: 'in rnn',
  stackedRNNCells: 'in rnn',
  convLstm2dCell: 'in convLstm2d',
  avgPool1d: 'averagePooling1d',
  avgPool2d: 'averagePooling2d',
  avgPool3d: 'averagePooling3d',
  avgPooling1d: 'averagePooling1d',
  avgPooling2d: 'averagePooling2d',
  avgPooling3d: 'averagePooling3d',
  maxPool1d: 'maxPooling1d',
  maxPool2d: 'maxPooling2d',
  globalMaxPool1d: 'globalMaxPooling1d',
  globalMaxPool2d: 'globalMaxPooling2d',
};

/** Numbers of N(0, 0.5) for every weight, and positive ones for variances. */
export function fillWeights(weights: readonly { name: string; shape: readonly (number | null)[] }[]): Float32Array[] {
  const rng = createRng('weights of the layer table');
  return weights.map(({ name, shape }) => {
    const size = shape.reduce<number>((product, length) => product * length!, 1);
    return Float32Array.from({ length: size }, () => {
      const value = 0.5 * rng.normal();
      return /variance/.test(name) ? 0.5 + Math.abs(value) : value;
    });
  });
}
