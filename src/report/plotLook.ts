import { checkWhole, refuse, show } from '../core/check';

/** Words and size of a plot. */
export interface PlotLook {
  /** Heading, and the picture's name for screen readers. Each plot has a default of its own. */
  readonly title?: string;
  /** What the picture shows, in a sentence or two, for screen readers. By default it is written from the numbers. */
  readonly description?: string;
  /** Width of the picture in pixels; the height follows. @defaultValue 640 */
  readonly width?: number;
}

/** Refuses texts that are none, and a width too small for axes. */
export function checkPlotLook(fn: string, { title, description, width }: PlotLook): void {
  for (const [argument, text] of Object.entries({ title, description }))
    if (text !== undefined && typeof text !== 'string')
      refuse({ fn, argument }, 'INVALID_OPTION', 'a text', show(text), 'Leave it out for the default.');
  if (width !== undefined) checkWhole({ fn, argument: 'width' }, width, 240);
}
