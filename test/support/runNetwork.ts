import * as tf from '@tensorflow/tfjs-core';
import type { Activation, Network, Operation } from '../../src/classifier/net/types';

/** Computes a network operation by operation with plain operations of tfjs, as its definition says and no faster. */
export function runNetwork({ operations, output }: Network, x: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const results: tf.Tensor[] = [];
    for (const operation of operations) {
      const inputs = operation.inputs.map((place) => results[place]!);
      const result = operation.kind === 'input' ? x : compute(operation, inputs);
      if (String(result.shape) !== String([x.shape[0], ...operation.shape]))
        throw new Error(`${operation.name}: ${result.shape} instead of [B, ${operation.shape}]`);
      results.push(result);
    }
    return tf.clone(results[output]!);
  });
}

function compute(operation: Operation, [x, ...others]: tf.Tensor[]): tf.Tensor {
  const shape = [x!.shape[0]!, ...operation.shape];
  const biased = (z: tf.Tensor, bias: tf.Tensor | undefined) => (bias === undefined ? z : tf.add(z, bias));
  switch (operation.kind) {
    case 'conv2d':
    case 'depthwiseConv2d': {
      const { filter, bias, strides, dilations, pad } = operation;
      const taps = (filter.rank === 3 ? tf.expandDims(filter, 0) : filter) as tf.Tensor4D;
      let image = (filter.rank === 3 ? tf.expandDims(x!, 1) : x) as tf.Tensor4D;
      if (typeof pad !== 'string') image = tf.pad(image, [[0, 0], [...pad[0]], [...pad[1]], [0, 0]]);
      const convolve = operation.kind === 'conv2d' ? tf.conv2d : tf.depthwiseConv2d;
      const how = typeof pad === 'string' ? pad : 'valid';
      return biased(tf.reshape(convolve(image, taps, [...strides], how, 'NHWC', [...dilations]), shape), bias);
    }
    case 'conv2dTranspose': {
      const { filter, bias, strides, pad } = operation;
      const size = shape as [number, number, number, number];
      return biased(tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, size, [...strides], pad), bias);
    }
    case 'dense': {
      const flat = tf.reshape(x!, [-1, x!.shape.at(-1)!]);
      const product = tf.matMul(flat, operation.kernel as tf.Tensor2D, false, operation.transposed);
      return biased(tf.reshape(product, shape), operation.bias);
    }
    case 'batchNorm': {
      const { mean, variance, scale, offset, epsilon } = operation;
      const unit = tf.div(tf.sub(x!, mean), tf.sqrt(tf.add(variance, epsilon)));
      return tf.add(tf.mul(unit, scale ?? 1), offset ?? 0);
    }
    case 'affine': {
      const { shift = 0, factor = 1, divisor = 1, offset = 0 } = operation;
      return tf.add(tf.div(tf.mul(tf.sub(x!, shift), factor), divisor), offset);
    }
    case 'activation':
      return activated(x!, operation.activation);
    case 'pool': {
      const { size, strides, pad } = operation;
      return (operation.operation === 'max' ? tf.maxPool : tf.avgPool)(x as tf.Tensor4D, [...size], [...strides], pad);
    }
    case 'reduce': {
      const axes = operation.axes.map((axis) => axis + 1);
      return { mean: tf.mean, max: tf.max, min: tf.min, sum: tf.sum }[operation.operation](
        x!,
        axes,
        operation.keepDims,
      );
    }
    case 'pad': {
      const paddings: [number, number][] = [[0, 0], ...operation.paddings.map(([a, b]): [number, number] => [a, b])];
      if (typeof operation.fill === 'number') return tf.pad(x!, paddings, operation.fill);
      return tf.mirrorPad(x!, paddings, operation.fill);
    }
    case 'reshape':
      return tf.reshape(x!, shape);
    case 'transpose':
      return tf.transpose(x!, [0, ...operation.order.map((axis) => axis + 1)]);
    case 'combine': {
      const { add, sub: subtract, mul: multiply, div: divide, maximum, minimum } = tf;
      return others.reduce({ add, subtract, multiply, divide, maximum, minimum }[operation.operation], x!);
    }
    case 'concat':
      return tf.concat([x!, ...others], operation.axis + 1);
    case 'slice': {
      const { begin, strides } = operation;
      const end = begin.map((from, axis) => from + strides[axis]! * operation.shape[axis]!);
      const past = end.map((to) => (to < 0 ? -1e9 : to));
      return tf.stridedSlice(x!, [0, ...begin], [shape[0]!, ...past], [1, ...strides]);
    }
    case 'resize': {
      const { method, alignCorners, halfPixelCenters } = operation;
      const to = method === 'nearest' ? tf.image.resizeNearestNeighbor : tf.image.resizeBilinear;
      return to(x as tf.Tensor4D, [shape[1]!, shape[2]!], alignCorners, halfPixelCenters);
    }
    default:
      throw new Error(`no ${operation.kind}`);
  }
}

function activated(x: tf.Tensor, activation: Activation): tf.Tensor {
  switch (activation.name) {
    case 'leakyRelu':
      return tf.leakyRelu(x, activation.alpha);
    case 'prelu':
      return tf.prelu(x, activation.alpha);
    case 'clip':
      return tf.minimum(tf.maximum(x, activation.low), activation.high);
    case 'thresholdedRelu':
      return tf.where(tf.greater(x, activation.theta), x, tf.zerosLike(x));
    case 'hardSigmoid':
      return tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1);
    case 'softsign':
      return tf.div(x, tf.add(1, tf.abs(x)));
    case 'swish':
      return tf.mul(x, tf.sigmoid(x));
    case 'gelu':
      return tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.div(x, Math.SQRT2)))));
    case 'gelu_new':
      return tf.mul(
        tf.mul(x, 0.5),
        tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))))))),
      );
    case 'mish':
      return tf.mul(x, tf.tanh(tf.softplus(x)));
    default:
      return FUNCTIONS[activation.name](x);
  }
}

const FUNCTIONS = {
  ...{ relu: tf.relu, relu6: tf.relu6, elu: tf.elu, selu: tf.selu, sigmoid: tf.sigmoid, tanh: tf.tanh },
  ...{ softplus: tf.softplus, softmax: tf.softmax, logSoftmax: tf.logSoftmax },
  ...{ abs: tf.abs, erf: tf.erf, exp: tf.exp, sqrt: tf.sqrt, square: tf.square },
};
