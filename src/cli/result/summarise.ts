import { orderStatistic } from '../../metrics/orderStatistic';
import { sortedCopy } from '../../metrics/sortedCopy';
import { RAYS } from '../measure/rayTask';
import { numbersOf, type RunRecord, type TaskRecord } from '../measure/record';
import type { RayResult, Result, ThresholdResult } from './result';
import { rowsOf } from './rows';
import { verdictOf } from './verdict';

/** A limit this close to 1 is 1: what is left is rounding. */
const ONE = 1 - 1e-9;

/** What a complete record says, and whether it keeps below the threshold. */
export function summarise(record: RunRecord, maxMmc: number | undefined, keepScores = false): Result {
  const { run, tasks } = record;
  const { rows, testError } = rowsOf(record, keepScores);
  const rays = tasks[RAYS] === undefined ? null : rayResult(tasks[RAYS]);
  const failures = Object.entries(tasks).filter(([, { failed }]) => failed !== undefined);
  const notes = [...run.notes, ...failures.map(([name, { failed }]) => `No ${name}: ${failed}`)];
  const found = { run, rows, rays, failed: failures.map(([name]) => name) };
  return {
    format: 'relu-overconfidence result 1',
    ...run,
    notes,
    classes: run.model.classes,
    testError,
    rows,
    rays,
    verdict: verdictOf(found),
    threshold: maxMmc === undefined ? null : thresholdResult(found, maxMmc),
  };
}

function rayResult(task: TaskRecord): RayResult {
  const alphas = numbersOf(task, 'alphas');
  const limits = numbersOf(task, 'limits');
  const sum = (field: string) => numbersOf(task, field).reduce((a, b) => a + b, 0);
  const median = orderStatistic(sortedCopy(alphas), (alphas.length - 1) / 2);
  return {
    rays: alphas.length,
    medianAlpha: Number.isFinite(median) ? median : null,
    overconfidentAtMinimalAlpha: sum('sureAtMinimalAlpha') / alphas.length,
    overconfidentOnRay: sum('sureOnRay') / alphas.length,
    goToOne: limits.filter((limit) => limit >= ONE).length / limits.length,
    meanLimit: limits.reduce((a, b) => a + b, 0) / limits.length,
    theoremHolds: sum('identicalRows') === 0,
  };
}

/** A row that could not be measured breaks the threshold: a check must not pass because it was not made. */
function thresholdResult(
  { rows, failed }: { rows: Result['rows']; failed: string[] },
  maxMmc: number,
): ThresholdResult {
  const above = rows.filter(
    ({ kind, meanMaxConfidence }) =>
      kind !== 'in' && kind !== 'adversarialSamples' && meanMaxConfidence !== null && meanMaxConfidence > maxMmc,
  );
  return { maxMmc, broken: [...above.map(({ name }) => name), ...failed.map((name) => `${name} (not measured)`)] };
}
