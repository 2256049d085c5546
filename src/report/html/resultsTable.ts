import type { OodReport, OodRow } from '../../evaluation/oodReport';
import { type Markup, tag } from './markup';
import { scrollable } from './tables';

const COLUMNS = ['MMC', 'AUROC', 'FPR@95', 'n'];
const CAPTION = 'Confidence on every data set, and how well it tells the data set from the in-distribution';

/** The rows of reports side by side, joined by name in the order in which they first occur. */
export function resultsTable(reports: Readonly<Record<string, OodReport>>): Markup[] {
  const named = Object.entries(reports);
  const names = [...new Set(named.flatMap(([, { rows }]) => rows.map((row) => row.name)))];
  const heads = named.map(([name, { testError }]) => {
    const error = tag('small', {}, `test error ${(100 * testError).toFixed(2)} %`);
    return tag('th', { scope: 'colgroup', colspan: COLUMNS.length, class: 'first' }, name, ' ', error);
  });
  const body = names.map((name) => {
    const cells = named.flatMap(([, { rows }]) => numbers(rows.find((row) => row.name === name)));
    return tag('tr', {}, tag('th', { scope: 'row' }, name), cells.map(numberCell));
  });
  const columns = named.flatMap(() => COLUMNS.map((column, k) => tag('th', { scope: 'col', class: kind(k) }, column)));
  return [
    scrollable(
      CAPTION,
      tag('colgroup', {}),
      named.map(() => tag('colgroup', { span: COLUMNS.length })),
      tag(
        'thead',
        {},
        tag('tr', {}, tag('th', { scope: 'col', rowspan: 2 }, 'Data set'), heads),
        tag('tr', {}, columns),
      ),
      tag('tbody', {}, body),
    ),
    ...named.flatMap(resisted),
  ];
}

function numbers(row: OodRow | undefined): string[] {
  if (row === undefined) return COLUMNS.map(() => '–');
  const [mean, error, auroc, fpr] = [row.meanMaxConfidence, row.standardError, row.auroc, row.fprAt95].map(
    (value) => value?.toFixed(3) ?? '–',
  );
  return [row.standardError === null ? mean! : `${mean} ± ${error}`, auroc!, fpr!, String(row.samples)];
}

function numberCell(text: string, k: number): Markup {
  return tag('td', { class: kind(k % COLUMNS.length) }, text);
}

/** Numbers stand to the right, and a line parts one report from the next. */
function kind(column: number): string {
  return column === 0 ? 'number first' : 'number';
}

function resisted([report, { rows }]: [string, OodReport]): Markup[] {
  return rows
    .filter((row) => row.resisted > 0)
    .map((row) =>
      tag(
        'p',
        { class: 'note' },
        `${report}, ${row.name}: ${row.resisted} of ${row.resisted + row.samples} images resisted the attack and are not counted.`,
      ),
    );
}
