import * as tf from '@tensorflow/tfjs-core';
import type { Activation, PlainActivation } from './types';

/** A function, and where its value tells it, its derivative. */
interface Rule {
  readonly value: (x: tf.Tensor) => tf.Tensor;
  /** The gradient by what goes in, from that by what comes out and from what came out. */
  readonly gradient?: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor;
}

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

/** `dy` where `y > 0`, else its product with a derivative. */
const sloped = (dy: tf.Tensor, y: tf.Tensor, otherwise: tf.Tensor | number): tf.Tensor =>
  tf.where(tf.greater(y, 0), dy, tf.mul(dy, otherwise));

/** `dy` where `0 < y < most`, else 0. */
const between = (dy: tf.Tensor, y: tf.Tensor, most: number): tf.Tensor =>
  tf.mul(dy, tf.step(tf.mul(y, tf.sub(most, y))));

const RULES: Readonly<Record<PlainActivation, Rule>> = {
  relu: { value: tf.relu, gradient: (dy, y) => tf.mul(dy, tf.step(y)) },
  relu6: { value: tf.relu6, gradient: (dy, y) => between(dy, y, 6) },
  elu: { value: tf.elu, gradient: (dy, y) => sloped(dy, y, tf.add(y, 1)) },
  selu: {
    value: tf.selu,
    gradient: (dy, y) => tf.mul(SELU.scale, sloped(dy, y, tf.add(tf.div(y, SELU.scale), SELU.alpha))),
  },
  sigmoid: { value: tf.sigmoid, gradient: (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y))) },
  hardSigmoid: {
    value: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
    gradient: (dy, y) => tf.mul(0.2, between(dy, y, 1)),
  },
  tanh: { value: tf.tanh, gradient: (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y))) },
  softmax: {
    value: (x) => tf.softmax(x),
    gradient: (dy, y) => tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), -1, true))),
  },
  logSoftmax: {
    value: (x) => tf.logSoftmax(x),
    gradient: (dy, y) => tf.sub(dy, tf.mul(tf.exp(y), tf.sum(dy, -1, true))),
  },
  exp: { value: tf.exp, gradient: (dy, y) => tf.mul(dy, y) },
  softplus: { value: tf.softplus },
  softsign: { value: (x) => tf.div(x, tf.add(1, tf.abs(x))) },
  swish: { value: (x) => tf.mul(x, tf.sigmoid(x)) },
  gelu: { value: (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.div(x, Math.SQRT2))))) },
  gelu_new: {
    value: (x) => {
      const inner = tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x)))));
      return tf.mul(0.5, tf.mul(x, tf.add(1, tf.tanh(inner))));
    },
  },
  mish: { value: (x) => tf.mul(x, tf.tanh(tf.softplus(x))) },
  abs: { value: tf.abs },
  erf: { value: tf.erf },
  sqrt: { value: tf.sqrt },
  square: { value: tf.square },
};

function ruleOf(activation: Activation): Rule {
  switch (activation.name) {
    case 'leakyRelu': {
      const { alpha } = activation;
      const value = (x: tf.Tensor) => tf.leakyRelu(x, alpha);
      return alpha < 0 ? { value } : { value, gradient: (dy, y) => sloped(dy, y, alpha) };
    }
    case 'prelu':
      return { value: (x) => tf.prelu(x, activation.alpha) };
    case 'clip': {
      const { low, high } = activation;
      return {
        value: (x) => {
          const above = low === Number.NEGATIVE_INFINITY ? x : tf.maximum(x, low);
          return high === Number.POSITIVE_INFINITY ? above : tf.minimum(above, high);
        },
      };
    }
    case 'thresholdedRelu':
      return { value: (x) => tf.mul(x, tf.cast(tf.greater(x, activation.theta), 'float32')) };
    default:
      return RULES[activation.name];
  }
}

/** The value of an activation. */
export function activate(x: tf.Tensor, activation: Activation): tf.Tensor {
  return ruleOf(activation).value(x);
}

/** Whether the derivative of an activation is told by its value, so that what it was applied to may be forgotten. */
export function isOfOutput(activation: Activation): boolean {
  return ruleOf(activation).gradient !== undefined;
}

/** The kernel that the wasm backend has for these gradients once `enableWasmTraining` has been called. */
const KERNEL = 'ActivationGrad';
/** The activations that it knows. */
const KNOWN: readonly string[] = ['relu', 'relu6', 'elu', 'sigmoid', 'tanh'];

/**
 * The gradient by what an activation {@link isOfOutput} was applied to, from that by its value `y`. In a kink it is that of the
 * flat side, as tfjs has it at 0.
 */
export function activationGradient(dy: tf.Tensor, y: tf.Tensor, activation: Activation): tf.Tensor {
  const { name } = activation;
  if (KNOWN.includes(name) && tf.getKernel(KERNEL, tf.getBackend()) !== undefined)
    return tf.engine().runKernel(KERNEL, { dy, y }, { activation: name });
  return ruleOf(activation).gradient!(dy, y);
}

/** How an activation is named to the kernels of convolutions and products. */
export interface FusedActivation {
  readonly activation: 'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'leakyrelu';
  readonly leakyreluAlpha?: number;
}

/** An activation as the kernels of convolutions and products compute it by the way; `undefined` if they do not. */
export function fusedActivation(activation: Activation | undefined): FusedActivation | undefined {
  if (activation === undefined) return { activation: 'linear' };
  const { name } = activation;
  if (name === 'leakyRelu') return { activation: 'leakyrelu', leakyreluAlpha: activation.alpha };
  return name === 'relu' || name === 'relu6' || name === 'elu' || name === 'sigmoid' ? { activation: name } : undefined;
}
