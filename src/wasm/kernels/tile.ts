import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../backend';

type Tile = Kernel<tf.TileInputs, tf.TileAttrs>;

/**
 * A tensor repeated, axis by axis from the last: by copies of everything that follows the axis. The stock kernel goes value by
 * value, as when a choice for each image is repeated for every pixel.
 */
export function tile(stock: Tile): Tile {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const x = inputs.x!;
    const shape = x.shape.map((size, axis) => size * attrs.reps[axis]!);
    if (!['float32', 'int32', 'bool'].includes(x.dtype) || shape.includes(0)) return stock(call);
    const out = backend.makeOutput(shape, x.dtype);
    let values = backend.typedArrayFromHeap(x);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const block = x.shape[axis]! * tf.util.sizeFromShape(shape.slice(axis + 1));
      values = repeated(values, block, attrs.reps[axis]!);
    }
    backend.typedArrayFromHeap(out).set(values);
    return out;
  };
}

type Values = Float32Array | Int32Array | Uint8Array;

/** Each block of so many values, several times in a row. */
function repeated(values: Values, block: number, times: number): Values {
  if (times === 1) return values;
  const to = new (values.constructor as new (length: number) => Values)(values.length * times);
  for (let from = 0, place = 0; from < values.length; from += block, place += block * times) {
    to.set(values.subarray(from, from + block), place);
    // Copies that double in length.
    for (let done = block; done < block * times; done *= 2)
      to.copyWithin(place + done, place, place + Math.min(done, block * times - done));
  }
  return to;
}
