import * as tf from '@tensorflow/tfjs-core';
import { convolvedShape, pooledShape, type Result } from './build';
import { SHAPE_OPERATIONS } from './graphShapes';
import { fusedInto, type GraphCall, type GraphReader } from './modelGraph';
import type { Activation, Affine, Combination, Convolution, Padding, Pair, PlainActivation, Pool } from './types';

/** How the operations of TensorFlow are read, by name. */
export const GRAPH_OPERATIONS: Readonly<Record<string, GraphReader | undefined>> = {
  Conv2D: convolution('conv2d'),
  _FusedConv2D: convolution('conv2d'),
  DepthwiseConv2dNative: convolution('depthwiseConv2d'),
  FusedDepthwiseConv2dNative: convolution('depthwiseConv2d'),
  Conv2DBackpropInput: transposedConvolution,
  MatMul: product,
  BatchMatMul: product,
  BatchMatMulV2: product,
  _FusedMatMul: product,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  BiasAdd: arithmetic('add'),
  Add: arithmetic('add'),
  AddV2: arithmetic('add'),
  AddN: arithmetic('add'),
  Sub: arithmetic('subtract'),
  Mul: arithmetic('multiply'),
  RealDiv: arithmetic('divide'),
  Div: arithmetic('divide'),
  Maximum: arithmetic('maximum'),
  Minimum: arithmetic('minimum'),
  Neg: (call) => call.add({ kind: 'affine', factor: -1 }, [call.result(0)], call.result(0).shape),
  ...plain({ Relu: 'relu', Relu6: 'relu6', Elu: 'elu', Selu: 'selu', Sigmoid: 'sigmoid', Tanh: 'tanh' }),
  ...plain({ Softplus: 'softplus', Softsign: 'softsign', Softmax: 'softmax', LogSoftmax: 'logSoftmax' }),
  ...plain({ Abs: 'abs', Erf: 'erf', Exp: 'exp', Sqrt: 'sqrt', Square: 'square' }),
  LeakyRelu: (call) => activated(call, { name: 'leakyRelu', alpha: Number(call.attribute('alpha') ?? 0.2) }),
  Prelu: (call) => activated(call, { name: 'prelu', alpha: call.constant(1) }),
  ClipByValue: (call) => activated(call, { name: 'clip', low: call.numbers(1)[0]!, high: call.numbers(2)[0]! }),
  MaxPool: pool('max'),
  AvgPool: pool('average'),
  ...SHAPE_OPERATIONS,
  Cast: (call) => (call.attribute('dtype') === 'float32' ? call.result(0) : call.refuse('to another type')),
};

function convolution(kind: Convolution['kind']): GraphReader {
  return (call) => {
    const [input, filter] = [call.result(0), call.constant(1)];
    onImages(call, input);
    const { bias, activation } = fused(call);
    const dilations = middle(call, 'dilations', [1, 1]);
    const read: Convolution = { kind, filter, bias, strides: middle(call, 'strides'), pad: padding(call), dilations };
    return followed(call, call.add(read, [input], convolvedShape(input.shape, read)), activation);
  };
}

function transposedConvolution(call: GraphCall): Result {
  const [filter, input] = [call.constant(1), call.result(2)];
  onImages(call, input);
  const [, ...shape] = call.counts(0).values;
  const pad = padding(call);
  if (typeof pad !== 'string' || !shape.every((size) => typeof size === 'number')) return call.refuse();
  const strides = middle(call, 'strides');
  return call.add({ kind: 'conv2dTranspose', filter, bias: undefined, strides, pad }, [input], shape as number[]);
}

function product(call: GraphCall): Result {
  const [input, kernel] = [call.result(0), call.constant(1)];
  if (kernel.rank !== 2 || call.attribute('transposeA') === true) return call.refuse('not a product with a matrix');
  const { bias, activation } = fused(call);
  const transposed = call.attribute('transposeB') === true;
  const units = kernel.shape[transposed ? 0 : 1]!;
  const dense = { kind: 'dense', kernel, transposed, bias } as const;
  return followed(call, call.add(dense, [input], [...input.shape.slice(0, -1), units]), activation);
}

function batchNorm(call: GraphCall): Result {
  const input = call.result(0);
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map(call.constant) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const epsilon = Number(call.attribute('epsilon') ?? 1e-3);
  return call.add({ kind: 'batchNorm', mean, variance, scale, offset, epsilon }, [input], input.shape);
}

/** Numbers put together; with a constant it is a line, or a bound. */
function arithmetic(operation: Combination): GraphReader {
  return (call) => {
    if (call.values.every((value) => 'id' in value)) {
      const inputs = call.values.map((_, i) => call.result(i));
      const shape = inputs.map((input) => [1, ...input.shape]).reduce((a, b) => broadcast(a, b));
      return call.add({ kind: 'combine', operation }, inputs, shape.slice(1));
    }
    const at = call.values.findIndex((value) => 'id' in value);
    const [input, tensor] = [call.result(at), call.constant(1 - at)];
    if (String(broadcast([1, ...input.shape], tensor.shape)) !== String([1, ...input.shape]))
      return call.refuse('a constant of another shape');
    if (operation === 'maximum' || operation === 'minimum') {
      const [bound, ...more] = call.numbers(1 - at);
      if (more.some((number) => number !== bound)) return call.refuse('different bounds');
      const [low, high] = operation === 'maximum' ? [bound!, Infinity] : [-Infinity, bound!];
      return activated(call, { name: 'clip', low, high }, at);
    }
    return call.add(line(call, operation, tensor, at === 1), [input], input.shape);
  };
}

/** What an operation makes of a number and a constant, the number being the first or the second. */
function line(call: GraphCall, operation: Combination, tensor: tf.Tensor, second: boolean): Affine {
  if (operation === 'multiply') return { kind: 'affine', factor: tensor };
  if (operation === 'add') return { kind: 'affine', offset: tensor };
  if (operation === 'subtract')
    return second ? { kind: 'affine', factor: -1, offset: tensor } : { kind: 'affine', shift: tensor };
  return second ? call.refuse('a quotient by it') : { kind: 'affine', divisor: tensor };
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  return tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]);
}

function plain(names: Readonly<Record<string, PlainActivation>>): Record<string, GraphReader> {
  return Object.fromEntries(
    Object.entries(names).map(([op, name]): [string, GraphReader] => [op, (call) => activated(call, { name })]),
  );
}

function activated(call: GraphCall, activation: Activation, at = 0): Result {
  return call.add({ kind: 'activation', activation }, [call.result(at)], call.result(at).shape);
}

/** What follows a convolution or product inside the same node. */
interface Fused {
  readonly bias: tf.Tensor | undefined;
  readonly activation: Activation | undefined;
}

const FUSED_ACTIVATIONS: Readonly<Record<string, PlainActivation | undefined>> = {
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
};

function fused(call: GraphCall): Fused {
  const [first, name, ...more] = fusedInto(call.node);
  if (first === undefined) return { bias: undefined, activation: undefined };
  if (first !== 'biasadd' || more.length > 0) return call.refuse(`fused with ${first}`);
  const bias = call.constant(2);
  if (name === undefined) return { bias, activation: undefined };
  if (name === 'prelu') return { bias, activation: { name, alpha: call.constant(3) } };
  if (name === 'leakyrelu')
    return { bias, activation: { name: 'leakyRelu', alpha: Number(call.attribute('leakyreluAlpha') ?? 0.2) } };
  return { bias, activation: { name: FUSED_ACTIVATIONS[name] ?? call.refuse(`fused with ${name}`) } };
}

function followed(call: GraphCall, result: Result, activation: Activation | undefined): Result {
  return activation === undefined ? result : call.add({ kind: 'activation', activation }, [result], result.shape);
}

function pool(operation: Pool['operation']): GraphReader {
  return (call) => {
    const input = call.result(0);
    onImages(call, input);
    const pad = padding(call);
    if (typeof pad !== 'string') return call.refuse('explicit padding');
    const [size, strides] = [middle(call, 'kernelSize'), middle(call, 'strides')];
    const read: Pool = { kind: 'pool', operation, size, strides, pad };
    return call.add(read, [input], pooledShape(input.shape, read));
  };
}

/** Refuses images whose channels come first, as tfjs does not compute them either. */
function onImages(call: GraphCall, input: Result): void {
  const format = call.attribute('dataFormat') ?? 'nhwc';
  if (input.shape.length !== 3 || String(format).toLowerCase() !== 'nhwc') call.refuse('not of images, channels last');
}

/** The entries of an attribute for rows and columns. */
function middle(call: GraphCall, name: string, otherwise?: Pair): Pair {
  const value = call.attribute(name);
  if (Array.isArray(value) && value.length === 4) return [Number(value[1]), Number(value[2])];
  return otherwise ?? call.refuse(`without ${name}`);
}

function padding(call: GraphCall): Padding {
  const pad = call.attribute('pad');
  if (pad === 'same' || pad === 'valid') return pad;
  const around = call.attribute('explicitPaddings');
  if (pad !== 'explicit' || !Array.isArray(around) || around.length !== 8) return call.refuse(`padding ${String(pad)}`);
  const [, , top, bottom, left, right] = around.map(Number);
  return [
    [top!, bottom!],
    [left!, right!],
  ];
}
