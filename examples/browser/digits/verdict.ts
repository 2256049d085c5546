import { viridis } from '../../../src/report/palette';
import { element, find, percent } from '../ui';

/** What a classifier says of one image. */
export interface Verdict {
  /** Shows the probabilities of the ten digits. */
  write(probabilities: ArrayLike<number>): void;
}

/** Confidence from which on a classifier counts as sure, and up to which it counts as not knowing. */
const SURE = 0.8;
const UNSURE = 0.3;

/** Fills a card of the page: the digit, the confidence as a bar, and a bar for each digit. */
export function createVerdict(method: string, name: string): Verdict {
  const card = find(`#verdict-${method}`, HTMLElement);
  const heading = element('h2', name);
  const answer = element('span');
  const confidence = element('strong');
  const header = element('header');
  header.append(heading, answer, confidence);
  const track = element('div', '', 'track');
  const fill = element('div');
  track.append(fill);
  const columns = Array.from({ length: 10 }, () => element('div'));
  const classes = element('ol', '', 'classes');
  classes.setAttribute('aria-label', `Probabilities of the ${name} network`);
  const items = columns.map((bar, digit) => {
    const item = element('li');
    const column = element('div', '', 'column');
    column.append(bar);
    item.append(column, String(digit));
    return item;
  });
  classes.append(...items);
  card.replaceChildren(header, track, classes);
  return {
    write(probabilities) {
      const values = Array.from(probabilities);
      const largest = Math.max(...values);
      answer.textContent = inWords(largest, values.indexOf(largest));
      confidence.textContent = percent(largest);
      fill.style.width = `${100 * largest}%`;
      // From 1/10, where nothing is known, to 1.
      fill.style.background = `rgb(${viridis((largest - 0.1) / 0.9).join(' ')})`;
      for (const [digit, value] of values.entries()) {
        columns[digit]!.style.height = `${100 * value}%`;
        items[digit]!.setAttribute('aria-label', `${digit}: ${percent(value)}`);
      }
    },
  };
}

function inWords(confidence: number, digit: number): string {
  if (confidence >= SURE) return `sure that it is a ${digit}`;
  return confidence <= UNSURE ? 'cannot tell' : `perhaps a ${digit}`;
}
