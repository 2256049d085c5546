import { checkBounds, refuse, show } from './check';

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
