import { refuse, show, type Where } from '../core/check';
import type { OodReport, OodRow } from './oodReport';

/** Refuses a record whose values are anything but reports of `evaluateOod`. */
export function checkReports(where: Where, reports: Readonly<Record<string, OodReport>>): void {
  const fix = 'Await evaluateOod first, and pass for example { plain: report }.';
  if (reports === null || typeof reports !== 'object' || Array.isArray(reports))
    refuse(where, 'INVALID_ARGUMENT', 'reports by name', show(reports), fix);
  for (const [name, report] of Object.entries(reports))
    if (!isReport(report))
      refuse(where, 'INVALID_ARGUMENT', 'reports by name', `${show(report)} as ${show(name)}`, fix);
}

/** Whether a value has everything that is read from a report. */
export function isReport(value: unknown): value is OodReport {
  if (value === null || typeof value !== 'object') return false;
  const { testError, classes, rows, settings } = value as Partial<OodReport>;
  const numbers = typeof testError === 'number' && typeof classes === 'number';
  return numbers && Array.isArray(rows) && rows.every(isRow) && typeof settings === 'object' && settings !== null;
}

function isRow(row: Partial<OodRow> | null): boolean {
  if (row === null || typeof row !== 'object') return false;
  const { name, samples, resisted, meanMaxConfidence, standardError, auroc, fprAt95 } = row;
  return (
    typeof name === 'string' &&
    [samples, resisted].every((value) => typeof value === 'number') &&
    [meanMaxConfidence, standardError, auroc, fprAt95].every((value) => value === null || typeof value === 'number')
  );
}
