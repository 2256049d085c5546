import type { PlotOptions } from '@observablehq/plot';
import { importLinkedom, importPlot } from './optionalPackages';
import { adaptToDark, INK, PAPER } from './plotLook';
import { element, estimateWidth, fitText, serialise } from './svg';

type PlotLibrary = typeof import('@observablehq/plot');

/** What every plot has around its marks. */
interface Frame {
  readonly title: string;
  readonly description: string;
  /** Width of the whole picture in pixels. */
  readonly width: number;
  /** Height of the part below title and legend in pixels. */
  readonly height: number;
  readonly legend: readonly LegendItem[];
  /** Elements to add, given where the marks begin, in pixels from the top. */
  readonly beside?: (document: Document, top: number) => Element[];
}

/** Width of the margin that holds the numbers and the name of the y axis. */
export const MARGIN_LEFT = 58;

/** The upright axis of something that lies between 0 and 1. */
export function shareAxis(label: string) {
  const centred = { labelAnchor: 'center', labelArrow: 'none' } as const;
  return { domain: [0, 1], label, labelOffset: MARGIN_LEFT - 10, ...centred, ticks: 6 };
}
/** Height of the margin that holds the numbers and the name of the x axis. */
export const MARGIN_BOTTOM = 44;

/** Space between the legend and the marks, part of the frame's height. */
export const GAP = 12;

/** Draws a plot with title, legend and background, and returns it as a standalone SVG file. */
export async function drawPlot(
  fn: string,
  { title, description, width, height, legend, beside = () => [] }: Frame,
  describe: (plot: PlotLibrary) => PlotOptions,
): Promise<string> {
  const library = await importPlot(fn);
  const document = await findDocument(fn);
  const heading = layOutHeading(title, legend, width);
  const marginTop = heading.height + GAP;
  const svg = library.plot({
    document,
    width,
    height: heading.height + height,
    marginTop,
    marginLeft: MARGIN_LEFT,
    marginBottom: MARGIN_BOTTOM,
    ...describe(library),
  });
  // Plot's own style sheet would leak into the page.
  svg.querySelector('style')?.remove();
  for (const [key, value] of Object.entries({ role: 'img', color: INK.light, 'font-size': 12 }))
    svg.setAttribute(key, String(value));
  const background = element(document, 'rect', { width: '100%', height: '100%', fill: PAPER.light });
  svg.prepend(element(document, 'title', {}, title), element(document, 'desc', {}, description), background);
  svg.append(...drawHeading(document, heading), ...beside(document, marginTop));
  adaptToDark(document, svg, background);
  return serialise(svg);
}

/** The page's document, or on Node one made by linkedom. */
async function findDocument(fn: string): Promise<Document> {
  if (typeof document !== 'undefined') return document;
  const { parseHTML } = await importLinkedom(fn);
  return parseHTML('<html><body></body></html>').document;
}

/** One entry of a legend: a line, or a dot where there is an outline. */
export interface LegendItem {
  readonly label: string;
  readonly colour: string;
  readonly dash?: string;
  readonly outline?: string;
}

/** Title and legend, with everything placed. */
interface Heading {
  readonly lines: readonly string[];
  readonly items: readonly (LegendItem & { readonly x: number; readonly y: number })[];
  readonly height: number;
}

const LEFT = 14;
const TITLE_SIZE = 15;
const TITLE_LINE = 20;
const LABEL_SIZE = 12;
const LABEL_LINE = 18;
const SWATCH = 30;

/** Breaks the title into lines and sets the legend in as many columns as fit. */
function layOutHeading(title: string, legend: readonly LegendItem[], width: number): Heading {
  const room = width - 2 * LEFT;
  const lines = breakLines(title, room);
  const labels = legend.map(({ label }) => fitText(label, LABEL_SIZE, room - SWATCH));
  const columnWidth = SWATCH + LEFT + Math.max(0, ...labels.map((label) => estimateWidth(label, LABEL_SIZE)));
  const columns = Math.max(1, Math.floor((room + LEFT) / columnWidth));
  const top = 8 + TITLE_LINE * lines.length;
  const items = legend.map((item, i) => ({
    ...item,
    label: labels[i]!,
    x: LEFT + (i % columns) * columnWidth,
    y: top + LABEL_LINE * (Math.floor(i / columns) + 0.6),
  }));
  return { lines, items, height: top + LABEL_LINE * Math.ceil(legend.length / columns) };
}

/** The elements of title and legend. */
function drawHeading(document: Document, { lines, items }: Heading): Element[] {
  const title = lines.map((line, i) => {
    const place = { x: LEFT, y: 20 + TITLE_LINE * i, 'font-size': TITLE_SIZE, 'font-weight': 600 };
    return element(document, 'text', { ...place, 'text-anchor': 'start' }, line);
  });
  const legend = items.flatMap(({ label, colour, dash = 'none', outline, x, y }) => [
    outline === undefined
      ? element(document, 'path', {
          d: `M${x},${y}h${SWATCH - 6}`,
          stroke: colour,
          'stroke-width': 2.5,
          'stroke-dasharray': dash,
        })
      : element(document, 'circle', { cx: x + SWATCH - 14, cy: y, r: 4.5, fill: colour, stroke: outline }),
    element(
      document,
      'text',
      { x: x + SWATCH, y, dy: '0.35em', 'text-anchor': 'start', 'font-size': LABEL_SIZE },
      label,
    ),
  ]);
  return [...title, ...legend];
}

function breakLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && estimateWidth(longer, TITLE_SIZE) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((l) => fitText(l, TITLE_SIZE, width));
}
