import { confidenceOf } from '../classifier/logOdds';
import type { Classifier } from '../classifier/types';
import { aupr } from '../metrics/aupr';
import { auroc } from '../metrics/auroc';
import { aurocInterval } from '../metrics/aurocInterval';
import { fprAtTpr } from '../metrics/fprAtTpr';
import { guaranteedAuroc } from '../metrics/guaranteedAuroc';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import { type Measured, type MeasuredByName, numbersOf } from './measureBlocks';
import type { OodColumn, OodDetectorColumn, OodRow, UsedSettings } from './oodReport';
import { attackedBy, columnName, IN_DISTRIBUTION } from './oodReport';

/** How far above the confidence of equal logits that in the true class must lie for an attack to have failed. */
const RESISTED_FACTOR = 1.01;

/** What rows need to know of a classifier. */
export type RowHead = Pick<Classifier, 'classes' | 'head'>;

/**
 * The confidence of logits that are all 0, which say nothing of any class: 1 / K of a softmax. With a sigmoid for each class
 * it is 1/2, whatever K is; below, every class is denied.
 */
function undecided({ classes, head }: RowHead): number {
  return head === 'sigmoids' ? 1 / 2 : 1 / classes;
}

/** The rows of a report, and the test error where there are labelled images. */
export interface ScoredRows {
  readonly rows: readonly OodRow[];
  readonly testError: number | null;
}

/** The rows of measurements that are complete, failed or skipped, in their order. */
export function oodRows(
  measured: MeasuredByName,
  net: RowHead,
  keepScores: boolean,
  { near = null, detectors = [] }: Partial<Pick<UsedSettings, 'near' | 'detectors'>> = {},
): ScoredRows {
  const known = Object.values(measured).find(({ kind, failed }) => kind === 'in' && failed === undefined);
  const inLogOdds = known && numbersOf(known, 'logOdds');
  const columns = columnsOf(measured, inLogOdds);
  const rows = Object.entries(measured).flatMap(([name, one]): OodRow[] => {
    const { kind, failed, skipped } = one;
    if (kind === 'other' || kind === 'attacked' || kind === 'guaranteed' || kind === 'detector') return [];
    const reason = failed ?? skipped ?? null;
    const numbers = reason === null ? rowNumbers(one, kind === 'in' ? undefined : inLogOdds, net) : undefined;
    const status = failed !== undefined ? 'failed' : skipped !== undefined ? 'skipped' : 'measured';
    const row = {
      name,
      kind,
      status,
      reason,
      ...(numbers?.row ?? NOTHING),
      ...columns(name, one),
      ...distanceOf(name, kind, near),
      ...detectorColumns(measured, name, kind, detectors),
    } as const;
    return [keepScores && numbers !== undefined ? { ...row, scores: numbers.scores } : row];
  });
  return { rows, testError: known === undefined ? null : errorOf(known) };
}

const NOTHING = {
  samples: 0,
  resisted: 0,
  meanMaxConfidence: null,
  standardError: null,
  auroc: null,
  aurocInterval: null,
  aupr: null,
  fprAt95: null,
  blindImages: null,
} as const;

function rowNumbers(one: Measured, inLogOdds: Float64Array | undefined, net: RowHead) {
  const all = numbersOf(one, 'logOdds');
  const resisted = one.kind === 'adversarialSamples' ? resistedOf(one, all, net) : undefined;
  const logOdds = resisted === undefined ? all : all.filter((_, i) => !resisted[i]);
  const confidences = logOdds.map(confidenceOf);
  const compared = logOdds.length > 0 ? inLogOdds : undefined;
  const row = {
    samples: logOdds.length,
    resisted: all.length - logOdds.length,
    meanMaxConfidence: logOdds.length > 0 ? meanMaxConfidence(confidences) : null,
    standardError: standardError(confidences),
    auroc: compared === undefined ? null : auroc(compared, logOdds),
    aurocInterval: compared === undefined ? null : aurocInterval(compared, logOdds),
    aupr: compared === undefined ? null : aupr(compared, logOdds),
    fprAt95: compared === undefined ? null : fprAtTpr(compared.map(confidenceOf), confidences),
    blindImages: blindImages(one),
  };
  return { row, scores: { confidences: [...confidences], logOdds: [...logOdds] } };
}

function distanceOf(name: string, kind: Measured['kind'], near: readonly string[] | null) {
  return near && kind === 'out' ? { distance: near.includes(name) ? ('near' as const) : ('far' as const) } : {};
}

/** What the scores of detectors say of a row. */
function detectorColumns(
  measured: MeasuredByName,
  row: string,
  kind: Measured['kind'],
  detectors: readonly string[],
): { readonly detectors?: Readonly<Record<string, OodDetectorColumn>> } {
  if (detectors.length === 0 || (kind !== 'out' && kind !== 'noise')) return {};
  const scoresOf = (of: string, column: string) => {
    const one = measured[columnName(of, column)];
    return { one, scores: isMeasured(one) ? numbersOf(one, 'scores') : undefined };
  };
  const columns = detectors.map((name): [string, OodDetectorColumn] => {
    const [own, clean, attacked] = [
      scoresOf(IN_DISTRIBUTION, name),
      scoresOf(row, name),
      scoresOf(row, attackedBy(name)),
    ];
    const reason = [own, clean, attacked].map(({ one }) => one?.failed).find((failed) => failed !== undefined);
    const [inS, outS, high] = [own.scores, clean.scores, attacked.scores];
    return [
      name,
      {
        reason: reason ?? (attacked.one === undefined ? 'was not attacked' : null),
        auroc: inS && outS ? auroc(inS, outS) : null,
        aurocInterval: inS && outS ? aurocInterval(inS, outS) : null,
        attackedAuroc: inS && high ? auroc(inS, high) : null,
        attackedInterval: inS && high ? aurocInterval(inS, high) : null,
        aupr: inS && outS ? aupr(inS, outS) : null,
        fprAt95: inS && outS ? fprAtTpr(inS, outS) : null,
      },
    ];
  });
  return { detectors: Object.fromEntries(columns) };
}

/** The columns of a row, by its name and what was measured of it. */
function columnsOf(measured: MeasuredByName, inLogOdds: Float64Array | undefined) {
  const attackedIn = measured[columnName(IN_DISTRIBUTION, 'attacked')];
  const lowOdds = isMeasured(attackedIn) ? numbersOf(attackedIn, 'logOdds') : undefined;
  return (name: string, one: Measured) => {
    const { kind } = one;
    const attacked = measured[columnName(name, 'attacked')];
    const guaranteed = measured[columnName(name, 'guaranteed')];
    const has = kind === 'out' || kind === 'noise';
    const against = has ? inLogOdds : undefined;
    const odds = isMeasured(attacked) ? numbersOf(attacked, 'logOdds') : undefined;
    const bounds = isMeasured(guaranteed) ? numbersOf(guaranteed, 'bounds') : undefined;
    const broken = guaranteed && bounds && contradiction(numbersOf(guaranteed, 'logOdds'), odds, bounds);
    const limits = broken === undefined ? bounds?.map((u) => Math.log(u / (1 - u))) : undefined;
    const plain = has && isMeasured(one) ? numbersOf(one, 'logOdds') : undefined;
    return {
      attackedAuroc: against && odds ? auroc(against, odds) : null,
      guaranteedAuroc: against && limits ? guaranteedAuroc(against, limits) : null,
      inAttackedAuroc: lowOdds && plain ? auroc(lowOdds, plain) : null,
      inAttackedInterval: lowOdds && plain ? aurocInterval(lowOdds, plain) : null,
      attacked:
        has || kind === 'in' ? columnOf(attacked, 'was not attacked', odds?.map(confidenceOf), against, odds) : null,
      guaranteed: has ? columnOf(guaranteed, 'no bound was given', bounds, against, limits, broken) : null,
    };
  };
}

function columnOf(
  one: Measured | undefined,
  missing: string,
  confidences: Float64Array | undefined,
  inScores: Float64Array | undefined,
  outScores: Float64Array | undefined,
  broken?: string,
): OodColumn {
  const failed = broken ?? one?.failed;
  const counted = failed === undefined ? confidences : undefined;
  return {
    status: failed !== undefined ? 'failed' : counted === undefined ? 'skipped' : 'measured',
    reason: failed ?? (counted === undefined ? (one?.skipped ?? missing) : null),
    samples: counted?.length ?? 0,
    meanMaxConfidence: counted === undefined ? null : meanMaxConfidence(counted),
    interval: inScores && outScores ? aurocInterval(inScores, outScores) : null,
    blindImages: one === undefined ? null : blindImages(one),
  };
}

function isMeasured(one: Measured | undefined): one is Measured {
  return one !== undefined && one.failed === undefined && one.skipped === undefined;
}

/** How far a confidence may lie above its bound: bounds of exact arithmetic do not count the rounding of float32. */
const ROUNDING = 1e-5;

/** A bound that a confidence exceeds is none: which, in words. The images of all three are the same, in the same order. */
function contradiction(
  clean: Float64Array,
  attacked: Float64Array | undefined,
  bounds: Float64Array,
): string | undefined {
  for (const [i, bound] of bounds.entries()) {
    const reached = Math.max(confidenceOf(clean[i]!), attacked?.[i] === undefined ? 0 : confidenceOf(attacked[i]));
    if (reached > bound + ROUNDING)
      return `image ${i} reaches a confidence of ${reached.toPrecision(4)}, above its bound ${bound.toPrecision(4)}: the bound does not hold`;
  }
  return undefined;
}

/** Whether the attack on each image failed: still classified correctly, and not by the bare minimum of confidence. */
function resistedOf(one: Measured, logOdds: Float64Array, net: RowHead): boolean[] {
  const least = RESISTED_FACTOR * undecided(net);
  const labels = numbersOf(one, 'labels');
  return Array.from(
    numbersOf(one, 'predicted'),
    (predicted, i) => predicted === labels[i] && confidenceOf(logOdds[i]!) > least,
  );
}

/** Images without a gradient, or null where not all blocks have counted them. */
function blindImages(one: Measured): number | null {
  const counts = numbersOf(one, 'blindImages');
  if (counts.length === 0 || counts.length < Object.keys(one.blocks).length) return null;
  return counts.reduce((sum, count) => sum + count, 0);
}

function errorOf(one: Measured): number {
  const labels = numbersOf(one, 'labels');
  return numbersOf(one, 'predicted').filter((predicted, i) => predicted !== labels[i]).length / labels.length;
}

function standardError(values: Float64Array): number | null {
  const n = values.length;
  if (n < 2) return null;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return Math.sqrt(squares / (n - 1) / n);
}
