import { boundsInWords, isPair } from '../../core/bounds';
import { textTable } from '../../core/textTable';
import { comparisonColumns, shown, type TableColumn, withGroups } from '../../evaluation/oodColumns';
import type { OodRow } from '../../evaluation/oodReport';
import type { Io } from '../io';
import { percent, type Style, styleOf, wrap } from '../print/text';
import type { Result, VerdictLevel } from './result';
import { lowestOf } from './verdict';

const WORD: Readonly<Record<VerdictLevel, string>> = {
  good: 'GOOD',
  warning: 'WARNING',
  bad: 'BAD',
  none: 'NO VERDICT',
};

/** Prints a result for people. */
export function printResult({ stdout, env }: Io, result: Result): void {
  const style = styleOf(stdout, env);
  const width = stdout.columns;
  const { verdict, notes } = result;
  const word = WORD[verdict.level];
  const blocks = [
    wrap(titleOf(result), width),
    wrap(`${word}  ${verdict.text}`, width).replace(
      word,
      style.bold(style[verdict.level === 'none' ? 'warning' : verdict.level](word)),
    ),
    list(verdict.details, width),
    rowTable(result),
    thresholdLine(result, style, width),
    titled('Notes', notes, width),
    titled('Next', verdict.next, width),
  ];
  stdout.write(`${blocks.filter((block) => block !== '').join('\n\n')}\n`);
}

/** What was measured, in one line. */
export function titleOf({ model }: Result): string {
  const { file, kind, inputShape, classes, bounds } = model;
  const type = kind === 'layers' ? 'LayersModel' : 'GraphModel';
  return `${file}: ${type}, inputs ${inputShape.join('x')} in ${isPair(bounds) ? boundsInWords(bounds) : 'their own bounds'}, ${classes} classes`;
}

function rowTable(result: Result): string {
  const { head, cells } = resultTable(result);
  const lowest = `The lowest mean confidence possible is ${lowestOf(result.model).toFixed(3)}.`;
  const error = result.testError === null ? '' : ` Test error: ${percent(result.testError)}.`;
  return `${textTable(head, cells)}\n\n${lowest}${error}`;
}

function thresholdLine(result: Result, { good, bad }: Style, width: number): string {
  const text = thresholdText(result);
  if (text === undefined) return '';
  const word = text.passed ? 'PASSED' : 'FAILED';
  return wrap(`${word}  ${text.sentence}`, width).replace(word, (text.passed ? good : bad)(word));
}

/** Whether the threshold holds, in words; undefined where there is none. */
export function thresholdText({
  threshold,
  rows,
}: Pick<Result, 'threshold' | 'rows'>): { readonly passed: boolean; readonly sentence: string } | undefined {
  if (threshold === null) return undefined;
  const { maxMmc, broken } = threshold;
  if (broken.length > 0) {
    const unknown = broken.some((name) => name.endsWith('(not measured)')) ? ', or not known to be below it' : '';
    return { passed: false, sentence: `Above --max-mmc ${maxMmc}${unknown}: ${broken.join(', ')}.` };
  }
  const skipped = rows.filter(({ status }) => status === 'skipped').map(({ name }) => name);
  const except = skipped.length === 0 ? '' : ` Not looked at: ${skipped.join(', ')}.`;
  return { passed: true, sentence: `No row of noise is above --max-mmc ${maxMmc}.${except}` };
}

/** Texts as a list below a title; nothing where there are none. */
export function titled(title: string, texts: readonly string[], width: number): string {
  return texts.length === 0 ? '' : `${title}\n${list(texts, width)}`;
}

/** Texts as a list. */
export function list(texts: readonly string[], width: number): string {
  return texts.map((text) => wrap(text, width, '  ').replace('  ', '- ')).join('\n');
}

/** The rows of a result as texts; columns that nothing stands in are left out. */
export interface ResultTable {
  readonly head: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

/** The table of a result. */
export function resultTable({ rows }: Pick<Result, 'rows'>): ResultTable {
  const listed = withGroups(rows);
  const columns: TableColumn[] = [
    {
      head: 'mean confidence',
      cell: ({ meanMaxConfidence, standardError }) =>
        standardError === null ? shown(meanMaxConfidence) : `${shown(meanMaxConfidence)} ± ${shown(standardError)}`,
    },
    ...(rows.some(({ auroc }) => auroc !== null) ? comparisonColumns(rows) : []),
    { head: 'images', cell: ({ samples }) => String(samples) },
  ];
  const cells = (row: OodRow) =>
    columns.map(({ cell }, i) => (row.status === 'measured' ? cell(row) : i === 0 ? row.status : '-'));
  return {
    head: ['', ...columns.map(({ head }) => head)],
    cells: listed.map((row) => [row.name, ...cells(row)]),
  };
}
