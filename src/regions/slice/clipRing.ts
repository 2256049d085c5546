import { between, type Corner } from './corner';
import { footOn, type Line, sideOf, valueAt } from './line';

/**
 * One corner of a polygon that is only looked at, not shared with neighbours, and the label of the edge after it: the
 * number of an edge of the polygon it was cut from, or `labelOfLine` of a line that cut it.
 */
export interface Labelled {
  readonly corner: Corner;
  readonly label: number;
}

/** The label of the edges along line number `line`. */
export function labelOfLine(line: number): number {
  return -1 - line;
}

/** The number of the line along which an edge runs, or undefined for an edge of the polygon itself. */
export function lineOfLabel(label: number): number | undefined {
  return label < 0 ? -1 - label : undefined;
}

/** The corners of a polygon, its edges labelled by their numbers. */
export function labelled(corners: readonly Corner[]): Labelled[] {
  return corners.map((corner, label) => ({ corner, label }));
}

/** The part of a polygon on the side of a line where the function is not negative; empty without any inside. */
export function clipRing(ring: readonly Labelled[], line: Line, label: number): readonly Labelled[] {
  const sides = ring.map(({ corner }) => sideOf(line, corner));
  if (!sides.includes(-1)) return ring;
  if (!sides.includes(1)) return [];
  const clipped: Labelled[] = [];
  for (let i = 0; i < ring.length; i++) {
    const [{ corner, label: own }, { corner: next }] = [ring[i]!, ring[(i + 1) % ring.length]!];
    const [side, nextSide] = [sides[i]!, sides[(i + 1) % ring.length]!];
    if (side >= 0) clipped.push({ corner, label: side === 0 && nextSide < 0 ? label : own });
    if (side * nextSide < 0) {
      const at = between(corner, next, valueAt(line, corner), valueAt(line, next));
      clipped.push({ corner: at, label: side > 0 ? label : own });
    }
  }
  return withMiddle(clipped, line, label);
}

/** An edge along a line that is infinite on both sides gets a point in the middle. */
function withMiddle(ring: Labelled[], line: Line, label: number): Labelled[] {
  const i = ring.findIndex(
    (entry, k) => entry.label === label && entry.corner.w + ring[(k + 1) % ring.length]!.corner.w === 0,
  );
  if (i >= 0) ring.splice(i + 1, 0, { corner: footOn(line), label });
  return ring;
}
