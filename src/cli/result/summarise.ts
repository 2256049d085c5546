import { type Measured, numbersOf } from '../../evaluation/measureBlocks';
import { columnLegend } from '../../evaluation/oodColumns';
import { isBlind, type OodRow, rowNotes } from '../../evaluation/oodReport';
import { oodRows } from '../../evaluation/oodRows';
import { orderStatistic, sortedCopy } from '../../metrics/sortedCopy';
import { OTHER_BOUNDS } from '../measure/otherBounds';
import { RAYS } from '../measure/rays';
import type { RunRecord } from '../measure/runRecord';
import type { RayResult, Result, ThresholdResult, Unmeasured } from './result';
import { isWithoutClass, levelOf, lowestOf, verdictOf } from './verdict';

/** A limit this close to 1 is 1: what is left is rounding. */
const ONE = 1 - 1e-9;

/** What a complete record says, and whether it keeps below the threshold. */
export function summarise({ run, measured }: RunRecord, maxMmc: number | undefined): Result {
  const { classes } = run.model;
  const { rows, testError } = oodRows(measured, run.model, false, run.settings);
  const { [RAYS]: rayRecord } = measured;
  const rays = rayRecord === undefined || rayRecord.failed !== undefined ? null : rayResult(rayRecord);
  const failed = rows.filter(({ status }) => status === 'failed');
  // An attack without gradients shows something only where the model is sure of itself all the same.
  const blind = rows.filter(
    (row) => isBlind(row) && levelOf(row.meanMaxConfidence ?? 0, lowestOf(run.model)) !== 'bad',
  );
  const unmeasured = [
    ...[...failed, ...blind].map((row) => ({ name: row.name, why: rowNotes(row, run.settings).at(-1)! })),
    ...(rayRecord?.failed === undefined ? [] : [{ name: RAYS, why: `could not be measured (${rayRecord.failed}).` }]),
  ];
  const noted = rows.flatMap((row) => rowNotes(row, run.settings).map((note) => `${row.name}: ${note}`));
  const legend = testError === null ? [] : columnLegend(rows, run.settings);
  const rayNotes = unmeasured.flatMap(({ name, why }) => (name === RAYS ? [`${name}: ${why}`] : []));
  return {
    format: 'relu-overconfidence result 1',
    ...run,
    notes: [...run.notes, ...noted, ...legend, ...rayNotes],
    classes,
    testError,
    rows,
    rays,
    unmeasured,
    verdict: verdictOf({ run, rows, rays, unmeasured, otherBounds: measured[OTHER_BOUNDS] }),
    threshold: maxMmc === undefined ? null : thresholdResult(rows, unmeasured, maxMmc),
  };
}

function rayResult(record: Measured): RayResult {
  const alphas = numbersOf(record, 'alphas');
  const limits = numbersOf(record, 'limits');
  const sum = (field: string) => numbersOf(record, field).reduce((a, b) => a + b, 0);
  const leastAlphas = numbersOf(record, 'leastAlphas');
  const median = (numbers: Float64Array) => {
    const middle = orderStatistic(sortedCopy(numbers), (numbers.length - 1) / 2);
    return Number.isFinite(middle) ? middle : null;
  };
  return {
    rays: alphas.length,
    followed: alphas.filter((alpha, i) => alpha === leastAlphas[i]).length,
    medianAlpha: median(alphas),
    leastMedianAlpha: median(leastAlphas),
    overconfidentAtMinimalAlpha: sum('sureAtMinimalAlpha') / alphas.length,
    overconfidentOnRay: sum('sureOnRay') / alphas.length,
    goToOne: limits.filter((limit) => limit >= ONE).length / limits.length,
    meanLimit: limits.reduce((a, b) => a + b, 0) / limits.length,
    theoremHolds: sum('identicalRows') === 0,
  };
}

/** What was not measured breaks the threshold: a check must not pass because it was not made. */
function thresholdResult(rows: readonly OodRow[], unmeasured: readonly Unmeasured[], maxMmc: number): ThresholdResult {
  const noise = rows.filter(({ kind, status }) => isWithoutClass(kind) && status === 'measured');
  const above = noise.filter(({ meanMaxConfidence }) => !(meanMaxConfidence !== null && meanMaxConfidence <= maxMmc));
  const blind = noise.filter(isBlind);
  const missing = new Set([...unmeasured, ...blind].map(({ name }) => name));
  for (const { name } of above) missing.delete(name);
  return {
    maxMmc,
    broken: [...above.map(({ name }) => name), ...[...missing].map((name) => `${name} (not measured)`)],
  };
}
