import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel } from '../backend';

type Reduction = Kernel<tf.SumInputs, tf.SumAttrs>;

/** Sum over the leading axes (the gradient of a bias); the stock kernel transposes the whole tensor first. */
export function sum(stock: Reduction): Reduction {
  return (call) => sumLeading(call, () => 1) ?? stock(call);
}

/** Mean over the leading axes (the statistics of batch normalisation), likewise without a transpose. */
export function mean(stock: Reduction): Reduction {
  return (call) => sumLeading(call, (rows) => 1 / rows) ?? stock(call);
}

/** `factor(rows)` times the sum over the leading axes, or `undefined` when other axes are reduced. */
function sumLeading(
  { inputs, attrs, backend }: Parameters<Reduction>[0],
  factor: (rows: number) => number,
): tf.TensorInfo | undefined {
  const x = inputs.x!;
  const axes = tf.util.parseAxisParam(attrs.axis, x.shape).sort((a, b) => a - b);
  const kept = x.shape.slice(axes.length);
  const leading = axes.length > 0 && kept.length > 0 && axes.every((axis, i) => axis === i);
  if (!leading || x.dtype !== 'float32' || x.shape.includes(0)) return undefined;
  const columns = tf.util.sizeFromShape(kept);
  const rows = tf.util.sizeFromShape(x.shape) / columns;
  const shape = attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept;
  const out = backend.makeOutput(shape, 'float32');
  const values = floats(backend, x);
  // Sums in double precision: a float32 sum of a million terms loses digits that batch-norm needs.
  const sums = new Float64Array(columns);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) sums[c] = sums[c]! + values[i++]!;
  }
  const scale = factor(rows);
  floats(backend, out).set(sums.map((value) => value * scale));
  return out;
}
