import { clipRegion } from '../regions/clipRegion';
import { decisionBoundary } from '../regions/decisionBoundary';
import type { Region2d } from '../regions/sliceTypes';
import { clipSegment } from './clipSegment';
import type { MapBox } from './mapTypes';
import { type Cells, cellCentres } from './paintCells';
import { paleStyle } from './palette';

/** One corner of a region that is drawn; those with the same `region` make up its outline. */
export interface OutlineCorner {
  readonly region: number;
  readonly x: number;
  readonly y: number;
  /** Colour of the class at infinity, or white for a bounded region. */
  readonly fill: string;
}

/** The outlines of regions inside a box. */
export function outlinesIn(regions: readonly Region2d[], box: MapBox): OutlineCorner[] {
  return regions.flatMap((region, number) => {
    const polygon = clipRegion(region, box);
    const fill = region.unbounded ? paleStyle(classAtInfinity(region)) : '#fff';
    return Array.from({ length: polygon.length / 2 }, (_, i) => ({
      region: number,
      x: polygon[2 * i]!,
      y: polygon[2 * i + 1]!,
      fill,
    }));
  });
}

/** The decision boundary inside a box, as segments. */
export function boundaryIn(regions: readonly Region2d[], box: MapBox) {
  return decisionBoundary(regions).flatMap(({ from, to, direction }) => {
    const step = direction ?? ([to![0] - from[0], to![1] - from[1]] as const);
    const segment = clipSegment(from, step, to ? 1 : Number.POSITIVE_INFINITY, box);
    return segment ? [segment] : [];
  });
}

/** The classes at infinity of all unbounded regions, in order. */
export function classesAtInfinity(regions: readonly Region2d[]): number[] {
  const classes = regions.filter(({ unbounded }) => unbounded).map(classAtInfinity);
  return [...new Set(classes)].sort((a, b) => a - b);
}

/** The class that the confidence at infinity belongs to in the widest range of directions. */
function classAtInfinity({ limits }: Region2d): number {
  const width = ({ from, to }: Region2d['limits'][number]) => 1 - (from[0] * to[0] + from[1] * to[1]);
  return limits.reduce((widest, limit) => (width(limit) > width(widest) ? limit : widest)).classes[0]!;
}

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
