import * as tf from '@tensorflow/tfjs-core';
import { type Bounds, type FeatureBounds, isPair } from './bounds';
import { refuse, show, type Where } from './check';
import { readNow } from './readNow';

/** A live tensor. */
export function checkTensor(where: Where, value: unknown): asserts value is tf.Tensor {
  if (!(value instanceof tf.Tensor))
    refuse(where, 'INVALID_ARGUMENT', 'a tensor', show(value), 'Make one with tf.tensor(...).');
  if (value.isDisposed)
    refuse(where, 'INVALID_ARGUMENT', 'a live tensor', 'a disposed tensor', 'Dispose it after this call, not before.');
}

/** A live tensor of a given rank, or of one of several. */
export function checkRank(where: Where, value: unknown, ranks: number | readonly number[]): asserts value is tf.Tensor {
  checkTensor(where, value);
  const allowed = typeof ranks === 'number' ? [ranks] : ranks;
  if (!allowed.includes(value.rank))
    refuse(where, 'INVALID_SHAPE', `a tensor of rank ${allowed.join(' or ')}`, shape(value.shape), 'Reshape it first.');
}

/** A non-empty float32 batch `[B, ...inputShape]`. */
export function checkBatch(where: Where, value: unknown, inputShape: readonly number[]): asserts value is tf.Tensor {
  checkTensor(where, value);
  const fits = value.rank === inputShape.length + 1 && inputShape.every((size, i) => value.shape[i + 1] === size);
  if (!fits)
    refuse(
      where,
      'INVALID_SHAPE',
      `a batch of shape [B, ${inputShape.join(', ')}]`,
      shape(value.shape),
      'Add a leading batch axis, or reshape to the input shape of the model.',
    );
  if (value.shape[0] === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one example', shape(value.shape), 'Pass a batch with one row or more.');
  if (value.dtype !== 'float32')
    refuse(where, 'INVALID_ARGUMENT', 'a float32 tensor', show(value.dtype), "Convert it with tf.cast(x, 'float32').");
}

/** No NaN and no infinity. Backends that cannot be read synchronously (webgpu) are not checked. */
export function checkFinite(where: Where, value: tf.Tensor): void {
  const bad = firstOutside(readNow(value), -Number.MAX_VALUE, Number.MAX_VALUE);
  if (bad !== undefined) refuseNonFinite(where, bad);
}

/** The refusal of a NaN or an infinity. */
export function refuseNonFinite(where: Where, bad: number): never {
  refuse(
    where,
    'NON_FINITE',
    'finite everywhere',
    `a tensor that holds ${bad}`,
    'Look for a division by zero or an unset value in what made it.',
  );
}

/** Finite and inside the box, up to float32 rounding. Backends that cannot be read synchronously are not checked. */
export function checkInBounds(where: Where, value: tf.Tensor, bounds: Bounds): void {
  if (!isPair(bounds)) {
    checkFeatures(where, value, bounds);
    return;
  }
  const [low, high] = bounds;
  const slack = 1e-6 * Math.max(Math.abs(low), Math.abs(high), high - low);
  const bad = firstOutside(readNow(value), low - slack, high + slack);
  if (bad === undefined) return;
  if (!Number.isFinite(bad)) refuseNonFinite(where, bad);
  refuse(
    where,
    'OUT_OF_BOUNDS',
    `within the bounds [${low}, ${high}]`,
    `a tensor that holds ${bad}`,
    'Rescale the input, or tell the classifier its true range with `bounds`.',
  );
}

/** The same with an interval for each feature. */
function checkFeatures(where: Where, value: tf.Tensor, { low, high }: FeatureBounds): void {
  const values = readNow(value) ?? [];
  for (let i = 0; i < values.length; i++) {
    const [feature, one] = [i % low.length, values[i]!];
    const [from, to] = [low[feature]!, high[feature]!];
    const slack = 1e-6 * Math.max(Math.abs(from), Math.abs(to), to - from);
    if (one >= from - slack && one <= to + slack) continue;
    if (!Number.isFinite(one)) refuseNonFinite(where, one);
    refuse(
      where,
      'OUT_OF_BOUNDS',
      `within the bounds [${from}, ${to}] of feature ${feature}`,
      `a tensor that holds ${one} there`,
      'Leave the row out, or tell the classifier its true range with `bounds`.',
    );
  }
}

/** The first value that is not in [low, high], NaN included; a plain loop is several times as fast as `find`. */
function firstOutside(values: ArrayLike<number> | undefined, low: number, high: number): number | undefined {
  if (values === undefined) return undefined;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= low && value <= high)) return value;
  }
  return undefined;
}

function shape(sizes: readonly number[]): string {
  return `shape [${sizes.join(', ')}]`;
}
