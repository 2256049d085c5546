import { confidenceOf } from '../classifier/logOdds';
import type { Classifier } from '../classifier/types';
import { auroc } from '../metrics/auroc';
import { fprAtTpr } from '../metrics/fprAtTpr';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import { type Measured, type MeasuredByName, numbersOf } from './measureBlocks';
import type { OodRow } from './oodReport';

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
export function oodRows(measured: MeasuredByName, net: RowHead, keepScores: boolean): ScoredRows {
  const known = Object.values(measured).find(({ kind, failed }) => kind === 'in' && failed === undefined);
  const inLogOdds = known && numbersOf(known, 'logOdds');
  const rows = Object.entries(measured).flatMap(([name, one]): OodRow[] => {
    const { kind, failed, skipped } = one;
    if (kind === 'other') return [];
    const reason = failed ?? skipped ?? null;
    const numbers = reason === null ? rowNumbers(one, kind === 'in' ? undefined : inLogOdds, net) : undefined;
    const status = failed !== undefined ? 'failed' : skipped !== undefined ? 'skipped' : 'measured';
    const row = { name, kind, status, reason, ...(numbers?.row ?? NOTHING) } as const;
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
    fprAt95: compared === undefined ? null : fprAtTpr(compared.map(confidenceOf), confidences),
    blindImages: blindImages(one),
  };
  return { row, scores: { confidences: [...confidences], logOdds: [...logOdds] } };
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
