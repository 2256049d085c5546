import * as tf from '@tensorflow/tfjs-core';

/** Lower and upper bounds of a batch of values, both of its shape. */
export type Span = { readonly lower: tf.Tensor; readonly upper: tf.Tensor };

/** What a linear map does to a span, given the map itself and the one of the absolute values of its entries. */
export function throughLinear(
  { lower, upper }: Span,
  map: (x: tf.Tensor) => tf.Tensor,
  absolute: (x: tf.Tensor) => tf.Tensor,
): Span {
  const centre = map(tf.div(tf.add(lower, upper), 2));
  const radius = absolute(tf.div(tf.sub(upper, lower), 2));
  return { lower: tf.sub(centre, radius), upper: tf.add(centre, radius) };
}

/** What a function does to spans that grows with every entry of every one of its inputs. */
export function throughMonotone(inputs: readonly Span[], f: (x: tf.Tensor[]) => tf.Tensor): Span {
  return { lower: f(inputs.map(({ lower }) => lower)), upper: f(inputs.map(({ upper }) => upper)) };
}
