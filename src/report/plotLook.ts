import { checkKeys, checkWhole, type KeysOf, refuse, show, type Where } from '../core/check';
import { darkStyle } from './palette';
import { element } from './svg';

/** Words and size of a plot. */
export interface PlotLook {
  /** Heading, and the picture's name for screen readers. Each plot has a default of its own. */
  readonly title?: string;
  /** What the picture shows, in a sentence or two, for screen readers. By default it is written from the numbers. */
  readonly description?: string;
  /** Width of the picture in pixels; the height follows. @defaultValue 640 */
  readonly width?: number;
}

/** Refuses options that no plot reads, titles that are not texts, and a width too small for axes; `own` are the plot's own options. */
export function checkPlotLook<T extends PlotLook>(fn: string, options: T, own: KeysOf<Omit<T, keyof PlotLook>>): void {
  const known = { title: true, description: true, width: true, ...own };
  checkKeys<object>({ fn, argument: 'options' }, options, known);
  const { title, description, width } = options;
  for (const [argument, text] of Object.entries({ title, description }))
    if (text !== undefined && typeof text !== 'string')
      refuse({ fn, argument }, 'INVALID_OPTION', 'a text', show(text), 'Leave it out for the default.');
  if (width !== undefined) checkWhole({ fn, argument: 'width' }, width, 240);
}

/** The named series of a plot as a list, at least one. */
export function checkSeries(
  where: Where,
  series: Readonly<Record<string, ArrayLike<number>>>,
): [label: string, values: ArrayLike<number>][] {
  if (series === null || typeof series !== 'object' || Array.isArray(series) || ArrayBuffer.isView(series))
    refuse(
      where,
      'INVALID_ARGUMENT',
      'an object of arrays, one per label',
      show(series),
      'Pass for example { FMNIST: scores }.',
    );
  const entries = Object.entries(series);
  if (entries.length === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one series', 'an empty object', 'Pass for example { FMNIST: scores }.');
  return entries;
}

/** Text, background and grid of every picture, on a light page and on a dark one. */
export const INK = { light: '#222', dark: '#e4e4e7' } as const;
export const PAPER = { light: '#fff', dark: '#18181b' } as const;
export const GRID = { light: '#ddd', dark: '#3f3f46' } as const;

/**
 * Adds the colours for a dark page to a picture whose attributes hold those for a light one; programs that do not know
 * `light-dark()` keep the attributes.
 *
 * Inside a page the picture follows the page's `color-scheme`; as a file of its own it follows the reader's settings. Maps,
 * whose colours are a scale, stay as they are.
 */
export function adaptToDark(document: Document, svg: Element, background: Element): void {
  addStyle(svg, 'color', INK.light, INK.dark);
  addStyle(background, 'fill', PAPER.light, PAPER.dark);
  for (const drawn of svg.querySelectorAll('g[stroke], path[stroke]')) {
    const light = drawn.getAttribute('stroke')!;
    const dark = light === GRID.light ? GRID.dark : darkStyle(light);
    if (dark !== undefined) addStyle(drawn, 'stroke', light, dark);
  }
  // Matches in a file of its own only, so that a picture inside a page does not decide for the page.
  background.after(element(document, 'style', {}, 'svg:root{color-scheme:light dark}'));
}

function addStyle(drawn: Element, property: string, light: string, dark: string): void {
  const before = drawn.getAttribute('style');
  const added = `${property}:light-dark(${light},${dark})`;
  drawn.setAttribute('style', before === null ? added : `${before};${added}`);
}

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

/** The most numbers beside an axis before they run into each other. */
const MOST_TICKS = 9;

/**
 * The powers of ten from `low` to `high`, both positive: every second, third, ... of them where they are many, and both ends
 * instead where there are not two.
 */
export function logTicks(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last <= first) return [low, high];
  const step = Math.ceil((last - first + 1) / MOST_TICKS);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, k) => 10 ** (last - k * step)).reverse();
}

/** A number of a logarithmic axis as people write it: 1, 10, 100, 10³, 10⁻⁴, and 2.5 where it is not a power of ten. */
export function powerLabel(value: number): string {
  const exponent = Math.round(Math.log10(value));
  if (Math.abs(Math.log10(value) - exponent) > 1e-9) return String(Number(value.toPrecision(3)));
  if (exponent >= 0 && exponent <= 2) return String(10 ** exponent);
  return `10${[...String(exponent)].map((letter) => (letter === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(letter)])).join('')}`;
}
