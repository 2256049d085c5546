import * as tf from '@tensorflow/tfjs-core';
import type { Affine } from '../../classifier/net/types';

/** A constant of an {@link Affine}, or that there is none. */
type Constant = tf.Tensor | number | undefined;

/** Whether the constants of an affine operation are the same for all pixels: numbers, or one for each of so many channels. */
export function isPerChannel({ shift, factor, divisor, offset }: Affine, channels: number): boolean {
  return [shift, factor, divisor, offset].every((constant) => {
    if (constant === undefined || typeof constant === 'number' || constant.size === 1) return true;
    return constant.size === channels && constant.shape.at(-1) === channels;
  });
}

/** A constant as a vector with a number for each channel. */
export function channelVector(constant: Constant, channels: number, otherwise: number): tf.Tensor1D {
  const tensor = constant === undefined ? tf.scalar(otherwise) : tf.cast(constant as tf.Tensor, 'float32');
  return tf.mul(tf.ones([channels]), tf.reshape(tensor, [-1]));
}

/** What each channel is multiplied by and what is added to it then. */
export function lineOf({ shift, factor, divisor, offset }: Affine, channels: number) {
  const [s, f, d, o] = [
    channelVector(shift, channels, 0),
    channelVector(factor, channels, 1),
    channelVector(divisor, channels, 1),
    channelVector(offset, channels, 0),
  ];
  const steepness = tf.div(f, d) as tf.Tensor1D;
  return { factor: steepness, offset: tf.sub(o, tf.mul(s, steepness)) as tf.Tensor1D };
}
