import type { Classifier } from 'relu-overconfidence';
import { find } from '../ui';
import type { Audit } from './audit';
import { useDropZone } from './dropZone';
import { wholePercent } from './words';

/** The card with the visitor's model: how many classes it has, and how sure it is of what shows nothing. */
export interface ModelCard {
  /** Says what is going on; nothing else is shown then. */
  say(words: string): void;
  /** Says what went wrong, beside the input. */
  fail(words: string): void;
  show(net: Classifier, audit: Audit): void;
  /** Adds how sure the model is of photographs of its task, or takes that away again. */
  showPhotographs(confidence: number | undefined): void;
}

/** Names of classes that are shown. */
const MANY = 24;

/** Takes the card of the page into use. */
export function createModelCard(
  onFiles: (files: readonly File[]) => void,
  onFailure: (error: unknown) => void,
): ModelCard {
  const status = find('#loaded', HTMLElement);
  const fault = find('#model-fault', HTMLElement);
  const names = find('#classes', HTMLElement);
  const table = find('#audit', HTMLTableElement);
  const chance = find('#chance', HTMLElement);
  const photographs = find('#audit-photos', HTMLTableRowElement);
  const cell = (id: string, value: number) => {
    find(`#audit-${id} td`, HTMLElement).textContent = wholePercent(value);
  };

  function write(words: string, wrong = ''): void {
    status.textContent = words;
    fault.textContent = wrong;
    names.textContent = '';
    for (const part of [table, chance, photographs]) part.hidden = true;
  }

  useDropZone('model', onFiles, onFailure);
  return {
    say: (words) => write(words),
    fail: (words) => write('', words),
    show({ classes, labels = [], head }, { noise, smoothNoise, blank }) {
      write(`${classes} classes. It is ${wholePercent(noise)} sure of noise.`);
      const more = labels.length > MANY ? ` and ${labels.length - MANY} more` : '';
      names.textContent =
        labels.length > 0 ? `${labels.slice(0, MANY).join(', ')}${more}` : 'The classes have no names.';
      cell('noise', noise);
      cell('smooth', smoothNoise);
      cell('blank', blank);
      chance.textContent = `A model that cannot tell would be ${wholePercent(1 / classes)} sure.`;
      chance.hidden = head === 'sigmoids';
      table.hidden = false;
    },
    showPhotographs(confidence) {
      if (confidence !== undefined) cell('photos', confidence);
      photographs.hidden = confidence === undefined;
    },
  };
}
