import { refuse, show, type Where } from '../../core/check';

/** A text that is not empty. */
export function checkText(where: Where, text: unknown): void {
  if (typeof text !== 'string' || text.trim() === '')
    refuse(where, 'INVALID_OPTION', 'a text that is not empty', show(text), 'Say it in words.');
}
