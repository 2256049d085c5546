import { checkOneOf, refuse } from '../core/check';
import type { Region2d } from '../regions/sliceTypes';
import { colourBar } from './colourBar';
import { drawPlot, GAP, MARGIN_BOTTOM, MARGIN_LEFT } from './drawPlot';
import { boxAxes, dotLegend, dotMark, dotsOf, pictureMark } from './mapLayers';
import { checkMap, type LabelledPoints, type MapBox } from './mapTypes';
import { cellsOf, paintCells } from './paintCells';
import { paleStyle } from './palette';
import { checkPlotLook, type PlotLook } from './plotLook';
import { boundaryIn, classesAtInfinity, outlinesIn, regionCells } from './regionShapes';

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
