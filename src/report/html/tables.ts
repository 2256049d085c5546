import { columnLegend, comparisonColumns, shown, type TableColumn, withGroups } from '../../evaluation/oodColumns';
import { attackInWords, type OodReport, type OodRow, rowNotes } from '../../evaluation/oodReport';
import { type Content, type Markup, tag } from './markup';
import type { ReportTable } from './types';

/** A table that can be scrolled, with the keyboard too, where the page is narrower. */
function scrollable(caption: string, ...inside: Content[]): Markup {
  const table = tag('table', {}, tag('caption', {}, caption), ...inside);
  return tag('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 }, table);
}

/** A table whose first column names the rows. */
export function plainTable(caption: string, { columns, rows }: ReportTable): Markup {
  const kinds = columns.map((_, k) => (rows.every((row) => isNumber(row[k]!)) ? 'number' : undefined));
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

/** Whether a cell is a number, which may have a sign, a unit of percent, an error or an interval. */
function isNumber(cell: string | number | null): boolean {
  return typeof cell !== 'string' || /^([\d.,%±()+<>≤≥−–-]|\s|to)*$/.test(cell);
}

/** Four significant digits are enough to compare, and whole numbers stay whole. */
function cellText(cell: string | number | null): string {
  if (cell === null) return '–';
  if (typeof cell === 'string' || Number.isInteger(cell)) return String(cell);
  return String(Number(cell.toPrecision(4)));
}

const CAPTION = 'Confidence on every data set, and how well it tells the data set from the in-distribution';

/** The rows of reports side by side, joined by name in the order in which they first occur. */
export function resultsTable(reports: Readonly<Record<string, OodReport>>): Markup[] {
  const named = Object.entries(reports);
  const listed = named.map(([name, { rows, testError }]) => {
    const all = withGroups(rows);
    return { name, testError, rows: all, columns: columnsOf(all) };
  });
  const names = [...new Set(listed.flatMap(({ rows }) => rows.map((row) => row.name)))];
  const heads = listed.map(({ name, testError, columns }) => {
    const error = tag('small', {}, `test error ${(100 * testError).toFixed(2)} %`);
    return tag('th', { scope: 'colgroup', colspan: columns.length, class: 'first' }, name, ' ', error);
  });
  const body = names.map((name) => {
    const cells = listed.flatMap(({ rows, columns }) =>
      numbers(
        columns,
        rows.find((row) => row.name === name),
      ).map((text, k) => tag('td', { class: kind(k) }, text)),
    );
    return tag('tr', {}, tag('th', { scope: 'row' }, name), cells);
  });
  const columns = listed.flatMap((one) =>
    one.columns.map(({ head }, k) => tag('th', { scope: 'col', class: kind(k) }, head)),
  );
  return [
    scrollable(
      CAPTION,
      tag('colgroup', {}),
      listed.map((one) => tag('colgroup', { span: one.columns.length })),
      tag(
        'thead',
        {},
        tag('tr', {}, tag('th', { scope: 'col', rowspan: 2 }, 'Data set'), heads),
        tag('tr', {}, columns),
      ),
      tag('tbody', {}, body),
    ),
    ...named.flatMap(notes),
  ];
}

function columnsOf(rows: readonly OodRow[]): TableColumn[] {
  return [
    {
      head: 'MMC',
      cell: ({ meanMaxConfidence, standardError }) =>
        standardError === null ? shown(meanMaxConfidence) : `${shown(meanMaxConfidence)} ± ${shown(standardError)}`,
    },
    ...comparisonColumns(rows),
    { head: 'n', cell: ({ samples }) => String(samples) },
  ];
}

function numbers(columns: readonly TableColumn[], row: OodRow | undefined): string[] {
  if (row === undefined) return columns.map(() => '–');
  if (row.status === 'failed' || row.status === 'skipped') return columns.map((_, k) => (k === 0 ? row.status : '–'));
  return columns.map(({ cell }) => cell(row).replace(/^-$/, '–'));
}

/** Numbers stand to the right, and a line parts one report from the next. */
function kind(column: number): string {
  return column === 0 ? 'number first' : 'number';
}

function notes([report, { rows, settings }]: [string, OodReport]): Markup[] {
  const noted = rows.flatMap((row) => rowNotes(row, settings).map((note) => `${report}, ${row.name}: ${note}`));
  const legend = columnLegend(rows, settings).map((line) => `${report}, ${line}`);
  return [...noted, ...legend].map((line) => tag('p', { class: 'note' }, line));
}

/** How the reports were measured, one column each. */
export function settingsTable(reports: Readonly<Record<string, OodReport>>): Markup {
  const all = Object.values(reports);
  const row = (name: string, value: (report: OodReport) => string | number) => [name, ...all.map(value)];
  return plainTable('Settings of the evaluation', {
    columns: ['Setting', ...Object.keys(reports)],
    rows: [
      row('Classes', ({ classes }) => classes),
      row('Seed', ({ settings }) => settings.seed),
      row('Images per row of noise', ({ settings }) => settings.noiseSamples),
      row('Images attacked at a time', ({ settings }) => settings.attackBatchSize),
      row('Adversarial noise', ({ settings }) => attackInWords(settings.adversarialNoise)),
      row('Adversarial samples', ({ settings }) => attackInWords(settings.adversarialSamples)),
    ],
  });
}
