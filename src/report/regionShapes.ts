import { clipRegion } from '../regions/clipRegion';
import { decisionBoundary } from '../regions/decisionBoundary';
import type { Region2d } from '../regions/sliceTypes';
import { clipSegment } from './clipSegment';
import type { MapBox } from './mapTypes';
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
