import { confidenceOf } from '../classifier/confidenceOf';
import { auroc } from '../metrics/auroc';
import { fprAtTpr } from '../metrics/fprAtTpr';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import type { OodRow } from './oodReport';
import type { OodSource } from './oodSources';
import type { Scored } from './scoreSource';

/** How far above 1 / K the confidence in the true class must lie for an attack to have failed. */
const RESISTED_FACTOR = 1.01;

/** What {@link oodRow} measures against and whether it keeps what it measured. */
export interface RowContext {
  /** Log-odds of the in-distribution images; `undefined` for their own row. */
  readonly inLogOdds: Float64Array | undefined;
  readonly classes: number;
  readonly keepScores: boolean;
}

/** What a row must know of where its images came from. */
export type ScoredSource = Pick<OodSource, 'name' | 'kind' | 'labels'>;

/** The numbers of one row, from what the classifier said to its images. */
export function oodRow(source: ScoredSource, scored: Scored, { inLogOdds, classes, keepScores }: RowContext): OodRow {
  const logOdds = scored.logOdds.filter((_, i) => !resisted(source, scored, i, classes));
  const confidences = logOdds.map(confidenceOf);
  const compared = logOdds.length > 0 ? inLogOdds : undefined;
  return {
    name: source.name,
    kind: source.kind,
    samples: logOdds.length,
    resisted: scored.logOdds.length - logOdds.length,
    meanMaxConfidence: logOdds.length > 0 ? meanMaxConfidence(confidences) : null,
    standardError: standardError(confidences),
    auroc: compared === undefined ? null : auroc(compared, logOdds),
    fprAt95: compared === undefined ? null : fprAtTpr(compared.map(confidenceOf), confidences),
    ...(keepScores && { scores: { confidences: [...confidences], logOdds: [...logOdds] } }),
  };
}

/** Whether the attack on image `i` failed: still classified correctly, and not by the bare minimum of confidence. */
function resisted({ labels }: ScoredSource, { logOdds, predicted }: Scored, i: number, classes: number): boolean {
  if (labels === undefined || predicted[i] !== labels[i]) return false;
  return confidenceOf(logOdds[i]!) > RESISTED_FACTOR / classes;
}

function standardError(values: Float64Array): number | null {
  const n = values.length;
  if (n < 2) return null;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return Math.sqrt(squares / (n - 1) / n);
}
