import { readActivation, readLeakyRelu, readPrelu, readRelu, readSoftmax } from './activationLayers';
import { readBatchNorm, readConv2d, readDense, readDepthwise, readSeparable } from './affineLayers';
import type { Reader } from './graph';
import { readAveragePooling, readGlobalAverage, readGlobalMax, readMaxPooling } from './poolingLayers';
import { readAdd, readConcatenate, readFlatten, readIdentity, readReshape, readZeroPadding } from './shapeLayers';

/** What can be read, by the registered name of the layer's class. */
export const readers: ReadonlyMap<string, Reader> = new Map([
  ['Activation', readActivation],
  ['Add', readAdd],
  ['AlphaDropout', readIdentity],
  ['AveragePooling2D', readAveragePooling],
  ['BatchNormalization', readBatchNorm],
  ['Concatenate', readConcatenate],
  ['Conv2D', readConv2d],
  ['Dense', readDense],
  ['DepthwiseConv2D', readDepthwise],
  ['Dropout', readIdentity],
  ['Flatten', readFlatten],
  ['GaussianDropout', readIdentity],
  ['GaussianNoise', readIdentity],
  ['GlobalAveragePooling1D', readGlobalAverage],
  ['GlobalAveragePooling2D', readGlobalAverage],
  ['GlobalMaxPooling1D', readGlobalMax],
  ['GlobalMaxPooling2D', readGlobalMax],
  ['LeakyReLU', readLeakyRelu],
  ['MaxPooling2D', readMaxPooling],
  ['PReLU', readPrelu],
  ['ReLU', readRelu],
  ['Reshape', readReshape],
  ['SeparableConv2D', readSeparable],
  ['Softmax', readSoftmax],
  ['SpatialDropout1D', readIdentity],
  ['ZeroPadding2D', readZeroPadding],
]);
