import type { Region2d } from '../sliceTypes';
import type { Corner } from './corner';
import { otherEnd, uncutFrom } from './edge';
import { limitsOf } from './limitsOf';
import { insideOf, type Polygon } from './polygon';

/** The region of a polygon, with logits given as three rows of constants, slopes in s and slopes in t. */
export function toRegion(polygon: Polygon, logits: Float64Array): Region2d {
  const corners = allCorners(polygon);
  const points = corners.filter(({ w }) => w === 1);
  const directions = corners.filter(({ w }) => w === 0);
  const inside = insideOf(corners);
  const classes = logits.length / 3;
  const slope = new Float64Array(2 * classes);
  const intercept = logits.slice(0, classes);
  const there = new Float64Array(classes);
  let best = 0;
  for (let k = 0; k < classes; k++) {
    const [s, t] = [logits[classes + k]!, logits[2 * classes + k]!];
    slope[2 * k] = s;
    slope[2 * k + 1] = t;
    there[k] = s * inside.x + t * inside.y + intercept[k]!;
    if (there[k]! > there[best]!) best = k;
  }
  const limits = directions.length > 0 ? limitsOf(corners, { slope, logits: there }) : [];
  return {
    vertices: flat(points),
    rays: flat(directions),
    outline: Float64Array.from(corners.flatMap(({ x, y, w }) => [x, y, w])),
    unbounded: directions.length > 0,
    inside: [inside.x, inside.y],
    slope,
    intercept,
    class: best,
    limits,
    confidenceAtInfinity: limits.length > 0 ? Math.min(...limits.map(({ confidence }) => confidence)) : undefined,
  };
}

/** The corners of a polygon and those that its neighbours have on its edges. */
function allCorners({ corners, edges }: Polygon): Corner[] {
  return edges.flatMap((edge, i) => {
    let at = corners[i]!;
    return uncutFrom(edge, at).map((part) => {
      const start = at;
      at = otherEnd(part, at);
      return start;
    });
  });
}

function flat(corners: readonly Corner[]): Float64Array {
  return Float64Array.from(corners.flatMap(({ x, y }) => [x, y]));
}
