import { clipRegion } from '../regions/clipRegion';
import type { Region2d } from '../regions/sliceTypes';
import type { MapBox } from './mapTypes';
import { type Cells, cellCentres } from './paintCells';

/** Confidence at the centre of every cell of a box that lies in one of the regions; NaN elsewhere. */
export function regionCells(regions: readonly Region2d[], box: MapBox, cells: Cells): Float64Array {
  const centres = cellCentres(box, cells);
  const values = new Float64Array(cells.columns * cells.rows).fill(Number.NaN);
  const columnAt = (x: number) => ((x - box.x[0]) / (box.x[1] - box.x[0])) * cells.columns;
  const rowAt = (y: number) => ((box.y[1] - y) / (box.y[1] - box.y[0])) * cells.rows;
  for (const region of regions) {
    const polygon = clipRegion(region, box);
    const [xs, ys] = [0, 1].map((axis) => polygon.filter((_, i) => i % 2 === axis));
    const [left, right] = [Math.min(...xs!), Math.max(...xs!)];
    const [bottom, top] = [Math.min(...ys!), Math.max(...ys!)];
    for (let row = Math.max(0, Math.floor(rowAt(top))); row < Math.min(cells.rows, rowAt(bottom)); row++)
      for (
        let column = Math.max(0, Math.floor(columnAt(left)));
        column < Math.min(cells.columns, columnAt(right));
        column++
      ) {
        const i = row * cells.columns + column;
        const [s, t] = [centres[2 * i]!, centres[2 * i + 1]!];
        if (isInside(polygon, s, t)) values[i] = confidenceAt(region, s, t);
      }
  }
  return values;
}

function isInside(polygon: Float64Array, s: number, t: number): boolean {
  for (let i = 0; i < polygon.length; i += 2) {
    const next = (i + 2) % polygon.length;
    const [dx, dy] = [polygon[next]! - polygon[i]!, polygon[next + 1]! - polygon[i + 1]!];
    if (dx * (t - polygon[i + 1]!) - dy * (s - polygon[i]!) < 0) return false;
  }
  return true;
}

/** The largest softmax probability of a region's logits. */
function confidenceAt({ slope, intercept }: Region2d, s: number, t: number): number {
  const logits = intercept.map((value, k) => value + slope[2 * k]! * s + slope[2 * k + 1]! * t);
  const most = Math.max(...logits);
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
}
