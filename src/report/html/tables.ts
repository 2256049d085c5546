import { type Content, type Markup, tag } from './markup';
import type { ReportTable } from './types';

/** A table that can be scrolled, with the keyboard too, where the page is narrower. */
export function scrollable(caption: string, ...inside: Content[]): Markup {
  const table = tag('table', {}, tag('caption', {}, caption), ...inside);
  return tag('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 }, table);
}

/** A table whose first column names the rows. */
export function plainTable(caption: string, { columns, rows }: ReportTable): Markup {
  const kinds = columns.map((_, k) => (rows.every((row) => typeof row[k] !== 'string') ? 'number' : undefined));
  const heads = columns.map((column, k) => tag('th', { scope: 'col', class: k > 0 ? kinds[k] : undefined }, column));
  const body = rows.map((row) =>
    tag(
      'tr',
      {},
      row.map((cell, k) =>
        k === 0 ? tag('th', { scope: 'row' }, cellText(cell)) : tag('td', { class: kinds[k] }, cellText(cell)),
      ),
    ),
  );
  return scrollable(caption, tag('thead', {}, tag('tr', {}, heads)), tag('tbody', {}, body));
}

/** Four significant digits are enough to compare, and whole numbers stay whole. */
function cellText(cell: string | number | null): string {
  if (cell === null) return '–';
  if (typeof cell === 'string' || Number.isInteger(cell)) return String(cell);
  return String(Number(cell.toPrecision(4)));
}
