import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel } from '../backend';

type Tile = Kernel<tf.TileInputs, tf.TileAttrs>;

/**
 * A tensor repeated: by copies that double in length where its values follow each other unchanged, as when the gradient
 * of batch normalisation repeats the statistics of a channel for every pixel. The stock kernel goes value by value.
 */
export function tile(stock: Tile): Tile {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const x = inputs.x!;
    const shape = x.shape.map((size, axis) => size * attrs.reps[axis]!);
    if (x.dtype !== 'float32' || shape.includes(0) || !isWhole(x.shape, attrs.reps)) return stock(call);
    const out = backend.makeOutput(shape, 'float32');
    const to = floats(backend, out);
    to.set(floats(backend, x));
    for (let done = tf.util.sizeFromShape(x.shape); done < to.length; done *= 2) to.copyWithin(done, 0, done);
    return out;
  };
}

/** Whether the result is all of `x`, over and over: nothing but axes of size 1 lie before a repeated one. */
function isWhole(shape: readonly number[], reps: readonly number[]): boolean {
  const last = reps.findLastIndex((count) => count > 1);
  return shape.slice(0, Math.max(0, last)).every((size) => size === 1);
}
