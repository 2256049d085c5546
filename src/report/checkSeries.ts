import { refuse, show, type Where } from '../core/check';

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
