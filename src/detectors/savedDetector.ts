import { refuse, show } from '../core/check';
import { KINDS } from './kinds';
import { restoreArray, type SavedDetector } from './types';

/** The refusal of a model that a detector was not made of. */
export function refuseOther(fn: string, shaped: boolean): never {
  refuse(
    { fn, argument: 'saved' },
    'INVALID_DATA',
    'a detector of this model',
    shaped ? 'one of a model that says something else of the same input' : 'one of a model of other shapes',
    'Fit it again: `npx relu-overconfidence unknown`, or fitDetector. The bounds must be the same, too; and if they are, another backend may compute what this one has wrong.',
  );
}

/** What was learnt, from a saved detector that is whole and of this version. */
export function checkSaved(fn: string, saved: SavedDetector) {
  const where = { fn, argument: 'saved' };
  const whole = typeof saved === 'object' && saved !== null && typeof saved.parts === 'object' && saved.parts !== null;
  if (!whole || saved.format !== 'relu-overconfidence/detector@2' || !(saved.kind in KINDS))
    refuse(
      where,
      'INVALID_DATA',
      'a detector that this version has saved (relu-overconfidence/detector@2)',
      whole ? `one of format ${show(saved.format)}` : show(saved),
      'Fit it again with this version.',
    );
  return Object.fromEntries(
    Object.entries(saved.parts).map(([name, part]) => [
      name,
      typeof part === 'number' ? part : restoreArray(where, part),
    ]),
  );
}
