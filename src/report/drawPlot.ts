import type { PlotOptions } from '@observablehq/plot';
import { adaptToDark, INK, PAPER } from './darkMode';
import { drawHeading, type LegendItem, layOutHeading } from './heading';
import { importLinkedom, importPlot } from './optionalPackages';
import { element, serialise } from './svg';

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
