import * as tf from '@tensorflow/tfjs-core';
import { checkBounds, refuse, show, type Where } from './check';

/** An interval for each feature of a vector, in input units. */
export interface FeatureBounds {
  /** Lowest value of each feature. */
  readonly low: readonly number[];
  /** Highest value of each feature, above the lowest. */
  readonly high: readonly number[];
}

/** The box of valid inputs: `[low, high]` for every coordinate, or an interval for each feature of a vector. */
export type Bounds = readonly [number, number] | FeatureBounds;

/** Whether every coordinate has the same interval. */
export function isPair(bounds: Bounds): bounds is readonly [number, number] {
  return Array.isArray(bounds);
}

/** The interval of one coordinate. */
export function boundsAt(bounds: Bounds, i: number): readonly [number, number] {
  return isPair(bounds) ? bounds : [bounds.low[i]!, bounds.high[i]!];
}

/** Bounds as a message tells them. */
export function boundsInWords(bounds: Bounds): string {
  return isPair(bounds) ? `[${bounds.join(', ')}]` : `of ${bounds.low.length} features`;
}

/** Two numbers in order, or as many pairs of them as an input has features. */
export function checkBox(where: Where, bounds: Bounds, inputShape?: readonly number[]): void {
  const { low, high } = (bounds ?? {}) as Partial<FeatureBounds>;
  if (!Array.isArray(low) || !Array.isArray(high)) {
    checkBounds(where, bounds as readonly [number, number]);
    return;
  }
  const wrong = low.findIndex((value, i) => !(Number.isFinite(value) && Number.isFinite(high[i]) && value < high[i]!));
  if (low.length === 0 || low.length !== high.length || wrong >= 0)
    refuse(
      where,
      'INVALID_OPTION',
      'two lists { low, high } of as many finite numbers, each low below its high',
      wrong >= 0 && low.length === high.length
        ? `[${show(low[wrong])}, ${show(high[wrong])}] of feature ${wrong}`
        : `${low.length} and ${high.length} numbers`,
      'Give a feature that never varies some width around its value.',
    );
  if (inputShape !== undefined && (inputShape.length !== 1 || inputShape[0] !== low.length))
    refuse(
      where,
      'INVALID_OPTION',
      `bounds of inputs [${inputShape.join(', ')}]`,
      `those of ${low.length} features`,
      'Pass { low, high } with a number for each feature of a vector; images have one [low, high].',
    );
}

/** The one interval of all coordinates, for functions that take no other. */
export function onePair(where: Where, bounds: Bounds): readonly [number, number] {
  if (isPair(bounds)) return bounds;
  return refuse(
    where,
    'INVALID_OPTION',
    'one interval [low, high] for all coordinates, as this function needs it',
    `bounds ${boundsInWords(bounds)}`,
    'Put a layer before the model that takes features from one interval to their own.',
  );
}

/**
 * Coordinates in which a box has the same interval everywhere. Those of an interval are the input's own; those of features are
 * measured in widths of each, from 0 to 1.
 */
export interface UnitBox {
  readonly box: Box;
  /** From inputs; runs in a tidy, and may give back its argument. */
  readonly into: (x: tf.Tensor) => tf.Tensor;
  /** To inputs, which lie in the bounds; likewise, and with gradients. */
  readonly outOf: (u: tf.Tensor) => tf.Tensor;
}

/** The coordinates for bounds that are checked here; `of` is an input or noise that they are for, if there is one. */
export function unitBox(fn: string, bounds: Bounds = [0, 1]): UnitBox {
  if (isPair(bounds) || !('low' in bounds)) return { box: float32Box(fn, bounds), into: same, outOf: same };
  checkBox({ fn, argument: 'bounds' }, bounds);
  const boxes = bounds.low.map((low, i) => float32Box(fn, [low, bounds.high[i]!]));
  const row = (value: (box: Box) => number) => tf.tensor1d(boxes.map(value));
  const [low, high] = [row.bind(null, (box) => box[0]), row.bind(null, (box) => box[1])];
  const width = () => row((box) => box[1] - box[0]);
  const fits = (x: tf.Tensor) => {
    if (x.rank === 2 && x.shape[1] === boxes.length) return;
    refuse(
      { fn, argument: 'bounds' },
      'INVALID_OPTION',
      `those of inputs [${x.shape.slice(1).join(', ')}]`,
      `those of ${boxes.length} features`,
      'Pass a number for each feature of a vector.',
    );
  };
  return {
    box: [0, 1],
    into: (x) => {
      fits(x);
      return tf.clipByValue(tf.div(tf.sub(x, low()), width()), 0, 1);
    },
    outOf: (u) => {
      fits(u);
      return tf.minimum(tf.maximum(tf.add(tf.mul(u, width()), low()), low()), high());
    },
  };
}

function same(x: tf.Tensor): tf.Tensor {
  return x;
}

/** Bounds that are float32 numbers, so that a tensor can hold them. */
export type Box = readonly [low: number, high: number];

/**
 * The bounds, checked and moved inwards to the next float32 number where float32 cannot hold them: tensors clipped to the
 * result lie inside the bounds also when compared in float64, and no float32 number between the bounds is left out.
 */
export function float32Box(fn: string, bounds: readonly [number, number] = [0, 1]): Box {
  const where = { fn, argument: 'bounds' };
  checkBounds(where, bounds);
  const low = Math.fround(bounds[0]);
  const high = Math.fround(bounds[1]);
  const inner = [
    low >= bounds[0] ? low : Math.fround(low + step(low)),
    high <= bounds[1] ? high : Math.fround(high - step(high)),
  ] as const;
  const span = Math.fround(inner[1] - inner[0]);
  if (!(span > 0 && Number.isFinite(span)))
    refuse(
      where,
      'INVALID_OPTION',
      'bounds that float32 can tell apart and subtract',
      show(bounds),
      'Rescale the input.',
    );
  return inner;
}

/** Between a half and three halves of the distance to the next float32 number, so that rounding goes there. */
function step(value: number): number {
  return Math.max(Math.abs(value) * (1 + 2 ** -20) * 2 ** -24, 2 ** -149);
}
