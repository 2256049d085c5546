import type { LegendItem } from './drawPlot';
import type { LabelledPoints, MapBox } from './mapTypes';
import { classStyle } from './palette';

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
