import type { OodRow } from '../../evaluation/oodReport';
import { oodRow } from '../../evaluation/oodRow';
import { numbersOf, type RunRecord, type TaskRecord } from '../measure/record';

/** The rows of the table, and the test error where there are labelled images. */
export interface ScoredRows {
  readonly rows: readonly OodRow[];
  readonly testError: number | null;
}

/** What `evaluateOod` reports of the same images, from a record that is complete. */
export function rowsOf({ tasks, run }: RunRecord, keepScores: boolean): ScoredRows {
  const { classes } = run.model;
  const known = Object.values(tasks).find(({ kind }) => kind === 'in');
  const knownLogOdds = known && numbersOf(known, 'logOdds');
  const rows = Object.entries(tasks).flatMap(([name, task]): OodRow[] => {
    const { kind, failed } = task;
    if (kind === 'rays' || failed !== undefined) return [];
    const labels = kind === 'adversarialSamples' ? { labels: Int32Array.from(numbersOf(task, 'labels')) } : {};
    const scored = { logOdds: numbersOf(task, 'logOdds'), predicted: Int32Array.from(numbersOf(task, 'predicted')) };
    const inLogOdds = kind === 'in' ? undefined : knownLogOdds;
    return [oodRow({ name, kind, ...labels }, scored, { inLogOdds, classes, keepScores })];
  });
  return { rows, testError: known === undefined ? null : errorOf(known) };
}

function errorOf(task: TaskRecord): number {
  const labels = numbersOf(task, 'labels');
  return numbersOf(task, 'predicted').filter((predicted, i) => predicted !== labels[i]).length / labels.length;
}
