import type { SavedUnknown } from 'relu-overconfidence/detectors';
import { element, find } from '../ui';
import { useDropZone } from './dropZone';
import type { Guard } from './makeGuard';
import { wholePercent } from './words';

/** The card with the visitor's photographs: what the threshold promises, what is refused, and `unknown.json`. */
export interface GuardCard {
  /** Says what is going on, and how far it is; nothing else is shown then. */
  say(words: string, share?: number): void;
  /** Says what went wrong, beside the input. */
  fail(words: string): void;
  show(guard: Guard): void;
}

/** Takes the card of the page into use. */
export function createGuardCard(
  onFiles: (files: readonly File[]) => void,
  onFailure: (error: unknown) => void,
): GuardCard {
  const status = find('#fitted', HTMLElement);
  const fault = find('#photos-fault', HTMLElement);
  const bar = find('#progress', HTMLProgressElement);
  const table = find('#refused', HTMLTableElement);
  const button = find('#download', HTMLButtonElement);
  let saved: SavedUnknown | undefined;

  function write(words: string, wrong = ''): void {
    status.textContent = words;
    fault.textContent = wrong;
    for (const part of [bar, table, button]) part.hidden = true;
    saved = undefined;
  }

  useDropZone('photos', onFiles, onFailure);
  button.addEventListener('click', () => {
    if (saved !== undefined) download(saved);
  });
  return {
    say(words, share) {
      write(words);
      bar.hidden = share === undefined;
      bar.value = share ?? 0;
    },
    fail: (words) => write('', words),
    show(guard) {
      write(promiseOf(guard.saved), leftOut(guard.unreadable));
      const rows = Object.entries(guard.refused).map(([name, share]) => {
        const row = element('tr');
        const heading = element('th', name);
        heading.scope = 'row';
        row.append(heading, element('td', wholePercent(share)));
        return row;
      });
      find('tbody', HTMLElement, table).replaceChildren(...rows);
      saved = guard.saved;
      for (const part of [table, button]) part.hidden = false;
    },
  };
}

/** What the threshold promises. */
function promiseOf({ threshold: { kept, atLeast, certainty, count, needed } }: SavedUnknown): string {
  const few = count < needed ? ` For a better promise, take ${needed} photographs.` : '';
  return `Ready: it keeps ${wholePercent(kept)} of photographs like these; with ${wholePercent(certainty)} certainty no fewer than ${wholePercent(atLeast)}.${few}`;
}

function leftOut([first, ...more]: readonly string[]): string {
  if (first === undefined) return '';
  return `Left out, not a picture: ${first}${more.length > 0 ? ` and ${more.length} more` : ''}.`;
}

/** Milliseconds for which a file may wait to be saved. */
const SAVED_IN = 60_000;

function download(saved: SavedUnknown): void {
  const href = URL.createObjectURL(new Blob([JSON.stringify(saved)], { type: 'application/json' }));
  Object.assign(element('a'), { href, download: 'unknown.json' }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVED_IN);
}
