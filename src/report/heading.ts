import { element, estimateWidth, fitText } from './svg';

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
export function layOutHeading(title: string, legend: readonly LegendItem[], width: number): Heading {
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
export function drawHeading(document: Document, { lines, items }: Heading): Element[] {
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
