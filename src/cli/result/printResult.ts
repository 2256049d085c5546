import type { Io } from '../io';
import { percent } from '../print/numbers';
import { type Style, styleOf } from '../print/style';
import { tableOf } from '../print/table';
import { wrap } from '../print/wrap';
import type { Result, VerdictLevel } from './result';
import { resultTable } from './table';

const WORD: Readonly<Record<VerdictLevel, string>> = { good: 'GOOD', warning: 'WARNING', bad: 'BAD' };

/** Prints a result for people. */
export function printResult({ stdout, env }: Io, result: Result): void {
  const style = styleOf(stdout, env);
  const width = stdout.columns;
  const { verdict, notes } = result;
  const word = WORD[verdict.level];
  const blocks = [
    wrap(titleOf(result), width),
    wrap(`${word}  ${verdict.text}`, width).replace(word, style.bold(style[verdict.level](word))),
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
  return `${file}: ${type}, inputs ${inputShape.join('x')} in [${bounds.join(', ')}], ${classes} classes`;
}

function rowTable(result: Result): string {
  const { head, cells } = resultTable(result);
  const lowest = `The lowest mean confidence possible is ${(1 / result.classes).toFixed(3)}.`;
  const error = result.testError === null ? '' : ` Test error: ${percent(result.testError)}.`;
  return `${tableOf(head, cells)}\n\n${lowest}${error}`;
}

function thresholdLine({ threshold }: Result, { good, bad }: Style, width: number): string {
  if (threshold === null) return '';
  const { maxMmc, broken } = threshold;
  return broken.length === 0
    ? `${good('PASSED')}  No row of noise is above --max-mmc ${maxMmc}.`
    : wrap(`FAILED  Above --max-mmc ${maxMmc}: ${broken.join(', ')}.`, width).replace('FAILED', bad('FAILED'));
}

function titled(title: string, texts: readonly string[], width: number): string {
  return texts.length === 0 ? '' : `${title}\n${list(texts, width)}`;
}

function list(texts: readonly string[], width: number): string {
  return texts.map((text) => wrap(text, width, '  ').replace('  ', '- ')).join('\n');
}
