import { viridis } from './palette';
import { element } from './svg';

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
