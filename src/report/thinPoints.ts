/** A corner of a line, in the units of its axes. */
export type Point = readonly [x: number, y: number];

/** The points of a line without those that, once placed, lie less than 1 from the last one kept; both ends stay. */
export function thinPoints(points: readonly Point[], place: (point: Point) => Point): Point[] {
  let [lastX, lastY] = [Number.NEGATIVE_INFINITY, 0];
  return points.filter((point, i) => {
    const [x, y] = place(point);
    if (i < points.length - 1 && Math.abs(x - lastX) < 1 && Math.abs(y - lastY) < 1) return false;
    [lastX, lastY] = [x, y];
    return true;
  });
}
