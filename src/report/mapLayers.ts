import type { LegendItem } from './drawPlot';
import type { LabelledPoints, MapBox } from './mapTypes';
import { classStyle, viridis } from './palette';
import { element } from './svg';

type PlotLibrary = typeof import('@observablehq/plot');

/** A point to draw, with its class. */
interface Dot {
  readonly label: number;
  readonly x: number;
  readonly y: number;
}

/** Points as they are drawn. */
export function dotsOf(points: LabelledPoints | undefined): Dot[] {
  return Array.from(points?.y ?? [], (label, i) => ({ label, x: points!.x[2 * i]!, y: points!.x[2 * i + 1]! }));
}

/** The classes of points, for the legend. */
export function dotLegend(dots: readonly Dot[]): LegendItem[] {
  const labels = [...new Set(dots.map(({ label }) => label))].sort((a, b) => a - b);
  return labels.map((label) => ({
    label: `class ${label}`,
    colour: classStyle(label).fill,
    outline: classStyle(label).outline,
  }));
}

/** The points inside a box. */
export function dotMark(plot: PlotLibrary, dots: readonly Dot[], { x, y }: MapBox) {
  const shown = dots.filter((dot) => dot.x >= x[0] && dot.x <= x[1] && dot.y >= y[0] && dot.y <= y[1]);
  return plot.dot(shown, {
    x: 'x',
    y: 'y',
    r: 3,
    fill: ({ label }: Dot) => classStyle(label).fill,
    stroke: ({ label }: Dot) => classStyle(label).outline,
    strokeWidth: 0.8,
  });
}

/** A picture that fills a box of so many pixels. */
export function pictureMark(
  plot: PlotLibrary,
  picture: string,
  { x, y }: MapBox,
  size: { width: number; height: number },
) {
  return plot.image([picture], {
    src: (src: string) => src,
    x: [(x[0] + x[1]) / 2],
    y: [(y[0] + y[1]) / 2],
    ...size,
    preserveAspectRatio: 'none',
    imageRendering: 'pixelated',
  });
}

/** The axes of a box. */
export function boxAxes({ x, y }: MapBox) {
  const aspect = (y[1] - y[0]) / (x[1] - x[0]);
  return {
    x: { domain: x, label: null, ticks: 6 },
    y: { domain: y, label: null, ticks: Math.max(2, Math.round(6 * Math.min(1, aspect))) },
  };
}

/** Where a colour bar stands, in pixels, and the confidence at its lower end. */
interface Bar {
  readonly left: number;
  readonly top: number;
  readonly height: number;
  readonly low: number;
}

const BAR_WIDTH = 14;
const STEPS = 128;
/** Least distance between two numbers. */
const TICK_SPACE = 30;

/** An upright bar of the colours of confidence with numbers from `low` to 1 and its name. */
export function colourBar(document: Document, { left, top, height, low }: Bar): Element[] {
  const step = height / STEPS;
  const colours = Array.from({ length: STEPS }, (_, i) => {
    const fill = `rgb(${viridis((i + 0.5) / STEPS).join(',')})`;
    return element(document, 'rect', {
      x: left,
      y: top + height - (i + 1) * step,
      width: BAR_WIDTH,
      height: step,
      fill,
      // Otherwise a light line shows between two steps.
      'shape-rendering': 'crispEdges',
    });
  });
  const gaps = height >= 4 * TICK_SPACE ? 4 : height >= 2 * TICK_SPACE ? 2 : 1;
  const ticks = Array.from({ length: gaps + 1 }, (_, i) => {
    const share = i / gaps;
    const place = { x: left + BAR_WIDTH + 6, y: top + height * (1 - share), dy: '0.35em', 'text-anchor': 'start' };
    return element(document, 'text', place, (low + share * (1 - low)).toFixed(2));
  });
  const turned = `translate(${left + 58},${top + height / 2}) rotate(90)`;
  return [...colours, ...ticks, element(document, 'text', { transform: turned }, 'Confidence')];
}
