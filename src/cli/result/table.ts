import type { OodRow } from '../../evaluation/oodReport';
import type { Result } from './result';

/** The rows of a result as texts; columns that nothing stands in are left out. */
export interface ResultTable {
  readonly head: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

export function resultTable({ rows }: Pick<Result, 'rows'>): ResultTable {
  const compared = rows.some(({ auroc }) => auroc !== null);
  const show = (value: number | null) => value?.toFixed(3) ?? '-';
  const numbers = ({ meanMaxConfidence, standardError, auroc, fprAt95, samples }: OodRow) => [
    standardError === null ? show(meanMaxConfidence) : `${show(meanMaxConfidence)} ± ${show(standardError)}`,
    ...(compared ? [show(auroc), show(fprAt95)] : []),
    String(samples),
  ];
  return {
    head: ['', 'mean confidence', ...(compared ? ['AUROC', 'FPR@95'] : []), 'images'],
    cells: rows.map((row) => [row.name, ...numbers(row)]),
  };
}
