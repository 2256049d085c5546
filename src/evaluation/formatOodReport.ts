import { refuse, show } from '../core/check';
import { alignColumns } from '../core/textTable';
import { columnLegend, comparisonColumns, detectorLines, shown, type TableColumn, withGroups } from './oodColumns';
import { checkReports, isReport, type OodReport, type OodRow, rowNotes } from './oodReport';

const fn = 'formatOodReport';
const WIDTH = 7;

/** A report under the name it has in the table's head. */
type Named = readonly [name: string, report: OodReport];

/**
 * Prints a report of {@link evaluateOod} as a table of text, or several of them side by side as Table 1 of arXiv
 * 1812.05720 does for plain, CEDA and ACET.
 *
 * TE is the test error. Rows are joined by name, in the order in which they first occur; a number that a report does not
 * have is shown as `-`. Where rows were attacked or bounded there are their columns, too, with intervals and a legend. Images that resisted the attack, rows that could not be measured and attacks that were blind are named
 * below the table.
 *
 * @param reports - One report, or reports by the name of their method.
 * @returns Lines without a final line break, for a font of fixed width.
 * @throws OverconfidenceError `INVALID_ARGUMENT` for anything but reports; `EMPTY_INPUT` for a record without any.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { evaluateOod, formatOodReport } from 'relu-overconfidence';
 *
 * const data = { x: tf.tensor2d([[0.9, 0.1], [0.2, 0.6]]), y: tf.tensor1d([0, 1]) };
 * const options = { in: data, out: { center: tf.fill([3, 2], 0.5) }, noise: false } as const;
 * const evaluate = (slope: number) =>
 *   evaluateOod((x) => tf.mul(x, slope) as tf.Tensor2D, { ...options, adversarialNoise: false, adversarialSamples: false });
 * console.log(formatOodReport({ gentle: await evaluate(1), steep: await evaluate(20) }));
 * ```
 */
export function formatOodReport(reports: OodReport | Readonly<Record<string, OodReport>>): string {
  const named = namedReports(reports);
  const listed = named.map(([name, report]): Listed => ({ name, report, rows: withGroups(report.rows) }));
  const names = [...new Set(listed.flatMap(({ rows }) => rows.map((row) => row.name)))];
  const columns = listed.map((entry) => column(entry, names));
  const lines = ['', '', ...names].map((name, i) => [name, ...columns.map((cells) => cells[i]!)]);
  return [...alignColumns(lines, '  |'), ...footnotes(named)].join('\n');
}

/** A report with all rows that are printed. */
interface Listed {
  readonly name: string;
  readonly report: OodReport;
  readonly rows: readonly OodRow[];
}

function namedReports(reports: OodReport | Readonly<Record<string, OodReport>>): Named[] {
  if (isReport(reports)) return [['', reports]];
  const where = { fn, argument: 'reports' };
  const named = Object.entries(reports ?? {});
  if (named.length === 0) refuse(where, 'EMPTY_INPUT', 'at least one report', show(reports), 'Pass a report by name.');
  checkReports(where, reports);
  return named;
}

/** What stands under one report's name, from top to bottom. */
function column({ name, report, rows }: Listed, names: readonly string[]): string[] {
  const head = `${name === '' ? '' : `${name}, `}TE ${(100 * report.testError).toFixed(2)} %`;
  const columns: TableColumn[] = [
    { head: 'MMC', cell: ({ meanMaxConfidence }) => shown(meanMaxConfidence) },
    ...comparisonColumns(rows),
    { head: 'n', cell: ({ samples }) => String(samples) },
  ];
  const cells = [
    columns.map((one) => one.head),
    ...names.map((wanted) =>
      numbers(
        columns,
        rows.find((row) => row.name === wanted),
      ),
    ),
  ];
  return [
    ` ${head}`,
    ...alignColumns(
      cells.map((line) => ['', ...line.map((cell) => ` ${cell}`.padStart(WIDTH))]),
      '',
    ),
  ];
}

function numbers(columns: readonly TableColumn[], row: OodRow | undefined): string[] {
  if (row === undefined) return columns.map(() => '-');
  if (row.status === 'failed' || row.status === 'skipped') return columns.map((_, i) => (i === 0 ? row.status : '-'));
  return columns.map(({ cell }) => cell(row));
}

/** What must be said of rows besides their numbers, and of what the columns mean. */
function footnotes(named: readonly Named[]): string[] {
  return named.flatMap(([name, { rows, settings }]) => {
    const of = name === '' ? '' : `${name}, `;
    const noted = rows.flatMap((row) => rowNotes(row, settings).map((note) => `${of}${row.name}: ${note}`));
    const legend = columnLegend(rows, settings).map((line) => `${of}${line}`);
    return [...noted, ...legend, ...detectorLines(rows)];
  });
}
