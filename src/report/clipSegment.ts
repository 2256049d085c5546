import type { MapBox } from './mapTypes';

/** Two ends of a segment. */
export type Segment = readonly [from: readonly [number, number], to: readonly [number, number]];

/** The part inside a box of `from + r * step` for r from 0 to `end`, or undefined if there is none (Liang and Barsky). */
export function clipSegment(
  from: readonly [number, number],
  step: readonly [number, number],
  end: number,
  box: MapBox,
): Segment | undefined {
  let [first, last] = [0, end];
  for (const [axis, [low, high]] of [box.x, box.y].entries()) {
    const [start, speed] = [from[axis]!, step[axis]!];
    if (speed === 0 && (start < low || start > high)) return undefined;
    if (speed === 0) continue;
    const [enters, leaves] = speed > 0 ? [low, high] : [high, low];
    first = Math.max(first, (enters - start) / speed);
    last = Math.min(last, (leaves - start) / speed);
  }
  if (first >= last) return undefined;
  const at = (r: number) => [from[0] + r * step[0], from[1] + r * step[1]] as const;
  return [at(first), at(last)];
}
