import { checkBounds, refuse, show } from '../core/check';

/** Bounds that are float32 numbers, so that a tensor can hold them. */
export type Box = readonly [low: number, high: number];

/**
 * The bounds, checked and moved inwards by at most two float32 steps where float32 cannot hold them: tensors clipped to
 * the result lie inside the bounds also when compared in float64.
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

/** One to two distances between float32 numbers at this size; the smallest one near zero. */
function step(value: number): number {
  return Math.max(Math.abs(value) * 2 ** -23, 2 ** -149);
}
