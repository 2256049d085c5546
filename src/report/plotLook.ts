import { checkWhole, refuse, show, type Where } from '../core/check';
import { checkKeys, type KeysOf } from '../core/checkKeys';

/** Words and size of a plot. */
export interface PlotLook {
  /** Heading, and the picture's name for screen readers. Each plot has a default of its own. */
  readonly title?: string;
  /** What the picture shows, in a sentence or two, for screen readers. By default it is written from the numbers. */
  readonly description?: string;
  /** Width of the picture in pixels; the height follows. @defaultValue 640 */
  readonly width?: number;
}

/** Refuses options that no plot reads, titles that are not texts, and a width too small for axes; `own` are the plot's own options. */
export function checkPlotLook<T extends PlotLook>(fn: string, options: T, own: KeysOf<Omit<T, keyof PlotLook>>): void {
  const known = { title: true, description: true, width: true, ...own };
  checkKeys<object>({ fn, argument: 'options' }, options, known);
  const { title, description, width } = options;
  for (const [argument, text] of Object.entries({ title, description }))
    if (text !== undefined && typeof text !== 'string')
      refuse({ fn, argument }, 'INVALID_OPTION', 'a text', show(text), 'Leave it out for the default.');
  if (width !== undefined) checkWhole({ fn, argument: 'width' }, width, 240);
}

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
