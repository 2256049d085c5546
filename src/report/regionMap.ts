import { checkOneOf, refuse } from '../core/check';
import { clipRegion } from '../regions/clipRegion';
import { decisionBoundary } from '../regions/decisionBoundary';
import type { Region2d } from '../regions/sliceTypes';
import { drawPlot, GAP, MARGIN_BOTTOM, MARGIN_LEFT } from './drawPlot';
import { boxAxes, colourBar, dotLegend, dotMark, dotsOf, pictureMark } from './mapLayers';
import { checkMap, type LabelledPoints, type MapBox } from './mapTypes';
import { type Cells, cellCentres, cellsOf, paintCells } from './paintCells';
import { paleStyle } from './palette';
import { checkPlotLook, type PlotLook } from './plotLook';

/** What a `regionMap` shows, and how. */
export interface RegionMapOptions extends PlotLook {
  /** Part of the plane to show. @defaultValue { x: [0, 1], y: [0, 1] } */
  readonly box?: MapBox;
  /**
   * What the colours mean: `'confidence'`, the softmax confidence at every point, from 1/K (dark blue) to 1 (yellow); or
   * `'infinity'`, in unbounded regions the class of the confidence at infinity, in the others nothing.
   * @defaultValue 'confidence'
   */
  readonly colour?: 'confidence' | 'infinity';
  /** Whether to draw the edges between regions. @defaultValue true */
  readonly edges?: boolean;
  /** Whether to draw the decision boundary. @defaultValue true */
  readonly boundary?: boolean;
  /** Points to draw on top, with their classes. */
  readonly points?: LabelledPoints;
}

const FN = 'regionMap';
const RESOLUTION = 400;
const BOUNDARY = '#CC79A7';
/** How the corners of outlines make up closed lines. */
const OUTLINE = { x: 'x', y: 'y', z: 'region', curve: 'linear-closed' } as const;

/**
 * Draws the linear regions of a network in a plane, as a standalone SVG file: Figure 1 of arXiv 1812.05720 with
 * `colour: 'infinity'`, otherwise with the confidence inside. The thick line is the decision boundary.
 *
 * Everything is computed from the affine maps of the regions. Needs the optional packages `@observablehq/plot`, `fast-png`
 * and, outside browsers, `linkedom`.
 *
 * @param regions - What `sliceRegions` returned; where it leaves a part of the box out, that part is grey.
 * @throws OverconfidenceError `EMPTY_INPUT` without regions, `INVALID_OPTION` if an option is out of range, and for
 * points as `confidenceMap` does; `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { inputPlane, sliceRegions, toPiecewiseAffine } from 'relu-overconfidence/regions';
 * import { regionMap } from 'relu-overconfidence/report';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [8, 8], classes: 2, seed: 1 }));
 * const svg = await regionMap(sliceRegions(net, inputPlane), { box: { x: [-3, 3], y: [-3, 3] } });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function regionMap(regions: readonly Region2d[], options: RegionMapOptions = {}): Promise<string> {
  checkPlotLook(FN, options, { box: true, colour: true, edges: true, boundary: true, points: true });
  const {
    box = { x: [0, 1], y: [0, 1] },
    colour = 'confidence',
    edges = true,
    boundary = true,
    points,
    width = 640,
  } = options;
  if (!Array.isArray(regions) || regions.length === 0)
    refuse(
      { fn: FN, argument: 'regions' },
      'EMPTY_INPUT',
      'at least one region',
      'none',
      'Pass what sliceRegions returns.',
    );
  const classes = regions[0]!.intercept.length;
  checkOneOf({ fn: FN, argument: 'colour' }, colour, ['confidence', 'infinity']);
  checkMap(FN, box, points, classes);
  const confident = colour === 'confidence';
  const marginRight = confident ? 84 : 20;
  const innerWidth = width - MARGIN_LEFT - marginRight;
  const innerHeight = Math.round((innerWidth * (box.y[1] - box.y[0])) / (box.x[1] - box.x[0]));
  const outlines = outlinesIn(regions, box);
  const pieces = boundary ? boundaryIn(regions, box) : [];
  const dots = dotsOf(points);
  const cells = cellsOf(box, RESOLUTION);
  const pictures = confident ? [await paintCells(FN, regionCells(regions, box, cells), cells, classes)] : [];
  const count = new Set(outlines.map(({ region }) => region)).size;
  const unbounded = regions.filter((region) => region.unbounded).length;
  const frame = {
    title: options.title ?? 'Linear regions of the network',
    description:
      options.description ??
      `${count} linear regions in the plane, x from ${box.x.join(' to ')}, y from ${box.y.join(' to ')}; ${unbounded} of all ${regions.length} regions are unbounded.`,
    width,
    height: innerHeight + GAP + MARGIN_BOTTOM,
    legend: [
      ...(confident ? [] : classesAtInfinity(regions)).map((k) => ({
        label: `class ${k} at infinity`,
        colour: paleStyle(k),
        outline: '#888888',
      })),
      ...(pieces.length > 0 ? [{ label: 'decision boundary', colour: BOUNDARY }] : []),
      ...dotLegend(dots),
    ],
    beside: (document: Document, top: number) =>
      confident
        ? colourBar(document, { left: width - marginRight + 14, top, height: innerHeight, low: 1 / classes })
        : [],
  };
  return drawPlot(FN, frame, (plot) => ({
    marginRight,
    ...boxAxes(box),
    marks: [
      ...pictures.map((picture) => pictureMark(plot, picture, box, { width: innerWidth, height: innerHeight })),
      ...(confident ? [] : [plot.line(outlines, { ...OUTLINE, fill: 'fill' })]),
      // White below grey can be seen on every colour.
      ...(edges ? [plot.line(outlines, { ...OUTLINE, stroke: '#fff', strokeOpacity: 0.35, strokeWidth: 1.6 })] : []),
      ...(edges ? [plot.line(outlines, { ...OUTLINE, stroke: '#444', strokeOpacity: 0.75, strokeWidth: 0.6 })] : []),
      ...pieces.map((piece) => plot.line(piece, { stroke: BOUNDARY, strokeWidth: 3, strokeLinecap: 'round' })),
      dotMark(plot, dots, box),
    ],
  }));
}

/** One corner of a region that is drawn; those with the same `region` make up its outline. */
interface OutlineCorner {
  readonly region: number;
  readonly x: number;
  readonly y: number;
  /** Colour of the class at infinity, or white for a bounded region. */
  readonly fill: string;
}

/** The outlines of regions inside a box. */
function outlinesIn(regions: readonly Region2d[], box: MapBox): OutlineCorner[] {
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
function boundaryIn(regions: readonly Region2d[], box: MapBox) {
  return decisionBoundary(regions).flatMap(({ from, to, direction }) => {
    const step = direction ?? ([to![0] - from[0], to![1] - from[1]] as const);
    const segment = clipSegment(from, step, to ? 1 : Number.POSITIVE_INFINITY, box);
    return segment ? [segment] : [];
  });
}

/** The classes at infinity of all unbounded regions, in order. */
function classesAtInfinity(regions: readonly Region2d[]): number[] {
  const classes = regions.filter(({ unbounded }) => unbounded).map(classAtInfinity);
  return [...new Set(classes)].sort((a, b) => a - b);
}

/** The class that the confidence at infinity belongs to in the widest range of directions. */
function classAtInfinity({ limits }: Region2d): number {
  const width = ({ from, to }: Region2d['limits'][number]) => 1 - (from[0] * to[0] + from[1] * to[1]);
  return limits.reduce((widest, limit) => (width(limit) > width(widest) ? limit : widest)).classes[0]!;
}

/** Confidence at the centre of every cell of a box that lies in one of the regions; NaN elsewhere. */
function regionCells(regions: readonly Region2d[], box: MapBox, cells: Cells): Float64Array {
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

/** Two ends of a segment. */
type Segment = readonly [from: readonly [number, number], to: readonly [number, number]];

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
