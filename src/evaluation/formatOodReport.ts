import { refuse, show } from '../core/check';
import { alignColumns } from '../core/textTable';
import { checkReports, isReport, type OodReport, type OodRow, rowNotes } from './oodReport';

const fn = 'formatOodReport';
const COLUMNS = ['MMC', 'AUROC', 'FPR@95', 'n'];
const WIDTH = 7;

/** A report under the name it has in the table's head. */
type Named = readonly [name: string, report: OodReport];

/**
 * Prints a report of {@link evaluateOod} as a table of text, or several of them side by side as Table 1 of arXiv
 * 1812.05720 does for plain, CEDA and ACET.
 *
 * TE is the test error. Rows are joined by name, in the order in which they first occur; a number that a report does not
 * have is shown as `-`. Images that resisted the attack, rows that could not be measured and attacks that were blind are named
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
  const names = [...new Set(named.flatMap(([, { rows }]) => rows.map((row) => row.name)))];
  const columns = named.map((entry) => column(entry, names));
  const lines = ['', '', ...names].map((name, i) => [name, ...columns.map((cells) => cells[i]!)]);
  return [...alignColumns(lines, '  |'), ...footnotes(named)].join('\n');
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
function column([name, report]: Named, names: readonly string[]): string[] {
  const head = `${name === '' ? '' : `${name}, `}TE ${(100 * report.testError).toFixed(2)} %`;
  const rows = [COLUMNS, ...names.map((row) => numbers(report.rows.find((one) => one.name === row)))];
  return [
    ` ${head}`,
    ...alignColumns(
      rows.map((cells) => ['', ...cells.map((cell) => cell.padStart(WIDTH))]),
      '',
    ),
  ];
}

function numbers(row: OodRow | undefined): string[] {
  if (row === undefined) return COLUMNS.map(() => '-');
  if (row.status === 'failed' || row.status === 'skipped') return [row.status, '-', '-', '-'];
  const shown = [row.meanMaxConfidence, row.auroc, row.fprAt95].map((value) => value?.toFixed(3) ?? '-');
  return [...shown, String(row.samples)];
}

/** What must be said of rows besides their numbers. */
function footnotes(named: readonly Named[]): string[] {
  return named.flatMap(([name, { rows, settings }]) =>
    rows.flatMap((row) =>
      rowNotes(row, settings).map((note) => `${name === '' ? '' : `${name}, `}${row.name}: ${note}`),
    ),
  );
}
