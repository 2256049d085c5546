import { reachInWords, wasBlind } from '../attacks/attackDefaults';
import { refuse, show, type Where } from '../core/check';
import type { ScoreInterval } from '../metrics/aurocInterval';

/** Name of the row of the in-distribution test set. */
export const IN_DISTRIBUTION = 'in-distribution';
/** Name of the row of noise when the caller gives no names. */
export const NOISE = 'noise';
/** Name of the row of attacked noise. */
export const ADVERSARIAL_NOISE = 'adversarial noise';
/** Name of the row of attacked in-distribution images. */
export const ADVERSARIAL_SAMPLES = 'adversarial samples';

/** Name under which a column of a row is measured. */
export function columnName(row: string, column: string): string {
  return `${row} (${column})`;
}

/** The column of a detector whose score was attacked. */
export function attackedBy(detector: string): string {
  return `${detector}, attacked`;
}

/** What a row of an {@link OodReport} was measured on. */
export type OodRowKind = 'in' | 'out' | 'noise' | 'adversarialNoise' | 'adversarialSamples';

/**
 * How hard is attacked: `'paper'` with one attack, as Table 1 does, or `'worst-case'` with the strongest of several for each image.
 */
export type OodProtocol = 'paper' | 'worst-case';

/** How the measurement of a row ended. */
export type OodRowStatus = 'measured' | 'failed' | 'skipped';

/** The scores of the images of a row, in their order. */
export interface OodScores {
  /** Largest softmax probability of each image, float64. */
  readonly confidences: readonly number[];
  /** Log-odds of the predicted class of each image, see {@link logOdds}; always finite. */
  readonly logOdds: readonly number[];
}

/** What was found around the images of a row: where an attack has taken them, or what no attack can exceed. */
export interface OodColumn {
  /** Whether there are numbers. */
  readonly status: OodRowStatus;
  /** Why there are none; `null` for a column that was measured. */
  readonly reason: string | null;
  /** Images attacked or bounded. */
  readonly samples: number;
  /** Mean confidence after the attack, or mean of the bounds. */
  readonly meanMaxConfidence: number | null;
  /** 95 % bootstrap interval of the AUROC of the column; `null` in the in-distribution's row. */
  readonly interval: ScoreInterval | null;
  /** Images without a gradient to follow; see {@link OodRow.blindImages}. */
  readonly blindImages: number | null;
}

/** How well another score tells a row from the in-distribution. */
export interface OodDetectorColumn {
  /** Why a number is missing: of the score itself, or of the attack on it; `null` where there are all. */
  readonly reason: string | null;
  /** AUROC of images as they are. */
  readonly auroc: number | null;
  /** 95 % bootstrap interval of that. */
  readonly aurocInterval: ScoreInterval | null;
  /** AUROC once an attack has raised the score of every image of the row. */
  readonly attackedAuroc: number | null;
  /** 95 % bootstrap interval of that. */
  readonly attackedInterval: ScoreInterval | null;
  /** Average precision, the in-distribution positive. */
  readonly aupr: number | null;
  /** False positive rate at 95 % true positive rate, convention `'percentile'`. */
  readonly fprAt95: number | null;
}

/** One row of the paper's Table 1. A number that is not defined is `null`, which JSON can carry. */
export interface OodRow {
  /** Name of the data set, different in every row. */
  readonly name: string;
  /** What it is. */
  readonly kind: OodRowKind;
  /** Whether there are numbers: those of a row that failed, or was skipped, are `null`, and its counts are 0. */
  readonly status: OodRowStatus;
  /** Why there are no numbers, as a sentence or the message of the error; `null` for a row that was measured. */
  readonly reason: string | null;
  /** Images counted in this row. */
  readonly samples: number;
  /**
   * Images that were attacked in vain and are therefore not counted: still classified correctly with a confidence above
   * 1.01 / K, or above 1.01 / 2 where each class has a sigmoid. 0 in rows other than adversarial samples.
   */
  readonly resisted: number;
  /** Mean of the confidences (MMC), in [0, 1]; `null` if no image counts. */
  readonly meanMaxConfidence: number | null;
  /** Standard error of that mean, s / sqrt(samples); `null` for fewer than two images. */
  readonly standardError: number | null;
  /** Area under the ROC curve against the in-distribution; `null` in its own row and if no image counts. */
  readonly auroc: number | null;
  /** 95 % bootstrap interval of that, over the choice of images. */
  readonly aurocInterval: ScoreInterval | null;
  /**
   * The AUROC once every image of the row has been attacked towards high confidence (AAUC), against in-distribution images as they are;
   * `null` where they were not. An upper bound of the worst case: another attack may find more.
   */
  readonly attackedAuroc: number | null;
  /** The AUROC that no such attack can go below (GAUC), see {@link guaranteedAuroc}; `null` where there is no bound. */
  readonly guaranteedAuroc: number | null;
  /** The AUROC of the images as they are against in-distribution images attacked towards low confidence; `null` where they were not. */
  readonly inAttackedAuroc: number | null;
  /** 95 % bootstrap interval of that. */
  readonly inAttackedInterval: ScoreInterval | null;
  /** Area under precision and recall, the in-distribution positive, as average precision; see {@link aupr}. */
  readonly aupr: number | null;
  /**
   * False positive rate at 95 % true positive rate by the convention `'percentile'` of {@link fprAtTpr}; `null` in the in-distribution's row
   * and if no image counts.
   */
  readonly fprAt95: number | null;
  /** What attacks have made of the row: of the in-distribution towards low confidence, of the others towards high; `null` for rows that are attacks. */
  readonly attacked: OodColumn | null;
  /** What no attack on the row can exceed; `null` for the in-distribution and for rows that are attacks. */
  readonly guaranteed: OodColumn | null;
  /** What other scores say of the row, by their names; there where such were given, of data and noise. */
  readonly detectors?: Readonly<Record<string, OodDetectorColumn>>;
  /** Whether the set is near to the in-distribution; there if the caller has told near sets apart. */
  readonly distance?: 'near' | 'far';
  /**
   * Images, the resisting ones included, whose gradient was exactly zero in every step of the attack, which could therefore
   * not move them: all of them where the model rounds. `null` in rows without an attack, for an attack that does not count
   * them, and on webgpu.
   */
  readonly blindImages: number | null;
  /** The score of every image counted; there with `keepScores: true`. */
  readonly scores?: OodScores;
}

/** How a row of a report was attacked. */
export interface UsedAttack {
  /** Name of the attack function. */
  readonly attack: string;
  /** Radius of the ball around each image, in input units. */
  readonly epsilon: number;
  /** Length of a step, in input units; `null` for attacks that choose it themselves. */
  readonly stepSize: number | null;
  /** Steps per restart. */
  readonly steps: number;
  /** Largest distance that the steps of one restart can move an image: less than epsilon if they are too few or too short. */
  readonly reach: number;
  /** Independent starts per image. */
  readonly restarts: number;
  /** Images attacked. */
  readonly samples: number;
}

/** The settings a report was made with, defaults filled in. */
export interface UsedSettings {
  /** Seed of all random numbers. */
  readonly seed: string | number;
  /** Images of noise drawn, and images attacked, at a time. */
  readonly attackBatchSize: number;
  /** Images drawn for each row of noise. */
  readonly noiseSamples: number;
  /** How hard was attacked. */
  readonly protocol: OodProtocol;
  /** The attack on noise; `null` if there was none. */
  readonly adversarialNoise: UsedAttack | null;
  /** The attack on in-distribution images; `null` if there was none. */
  readonly adversarialSamples: UsedAttack | null;
  /** The attack on the out side, for the column `attacked`; `null` if there was none. */
  readonly attackedOut: UsedAttack | null;
  /** The attack on the in side; `null` if there was none. */
  readonly attackedIn: UsedAttack | null;
  /** What the bounds of the column `guaranteed` are about; `null` if there were none. */
  readonly guarantee: {
    /** L-infinity distance, in input units. */
    readonly epsilon: number;
    /** Images bounded, of each row. */
    readonly samples: number;
  } | null;
  /** Names of the other scores. */
  readonly detectors: readonly string[];
  /** Names of the sets that are near; `null` where they are not told apart. */
  readonly near: readonly string[] | null;
}

/** The paper's Table 1 for one model: plain data that survives `JSON.stringify` and `JSON.parse` unchanged. */
export interface OodReport {
  /** Share of in-distribution images classified wrongly, in [0, 1]. */
  readonly testError: number;
  /** Number of classes K; 1 / K is the lowest confidence possible. */
  readonly classes: number;
  /** The in-distribution first, then out-distributions, noise, adversarial noise, adversarial samples. */
  readonly rows: readonly OodRow[];
  /** How it was measured. */
  readonly settings: UsedSettings;
}

/** Whether nothing can be learned from the row's being low: its attack had no gradients to follow. */
export function isBlind({ blindImages, samples, resisted }: OodRow): boolean {
  return wasBlind(blindImages, samples + resisted);
}

/** What must be said of a row besides its numbers, each as a sentence without its subject. */
export function rowNotes(row: OodRow, { adversarialNoise, adversarialSamples }: UsedSettings): string[] {
  const { kind, status, reason, resisted, samples, blindImages } = row;
  if (status === 'failed') return [`could not be measured (${oneLine(reason ?? 'no reason given')}).`];
  if (status === 'skipped') return [`was not measured (${oneLine(reason ?? 'no reason given')}).`];
  const all = `${resisted + samples} images`;
  const used =
    kind === 'adversarialNoise' ? adversarialNoise : kind === 'adversarialSamples' ? adversarialSamples : null;
  const short = used && shortfall(used);
  return [
    ...columnNotes(row),
    ...(resisted > 0 ? [`${resisted} of ${all} resisted the attack and are not counted.`] : []),
    ...(short ? [`${short}.`] : []),
    ...(blindImages && !isBlind(row)
      ? [`${blindImages} of ${all} had gradients of zero alone: the attack did not see them.`]
      : []),
    ...(isBlind(row)
      ? [
          `the attack was blind (gradients of zero alone on ${blindImages} of ${all}), and shows nothing of what can be reached.`,
        ]
      : []),
  ];
}

/** What must be said of the columns of a row. */
function columnNotes({ kind, attacked, guaranteed }: OodRow): string[] {
  const notes: string[] = [];
  for (const [name, column] of [
    ['attack on its images', attacked],
    ['guaranteed', guaranteed],
  ] as const) {
    if (column?.status === 'failed') notes.push(`${name}: could not be measured (${oneLine(column.reason!)}).`);
    if (column?.blindImages)
      notes.push(
        `${name}: ${column.blindImages} of ${column.samples} images had gradients of zero alone, and may go farther.`,
      );
  }
  const mean = (column: OodColumn | null) => (column?.status === 'measured' ? column.meanMaxConfidence : null);
  const [reached, limit] = [mean(attacked), mean(guaranteed)];
  if (reached != null)
    notes.push(
      `attacked towards ${kind === 'in' ? 'low' : 'high'} confidence, ${attacked!.samples} images have a mean of ${reached.toFixed(3)}.`,
    );
  if (limit != null)
    notes.push(`no attack can take the mean of ${guaranteed!.samples} images above ${limit.toFixed(3)}.`);
  return notes;
}

/** The settings of an attack, and what its steps could not reach. */
export function attackInWords(used: UsedAttack | null): string {
  if (used === null) return 'none';
  const { attack, epsilon, stepSize, steps, restarts, samples } = used;
  const length = stepSize === null ? '' : ` of ${stepSize}`;
  const starts = restarts === 1 ? '' : ` from each of ${restarts} starts`;
  const short = shortfall(used);
  return `${attack}, epsilon ${epsilon}, ${steps} steps${length}${starts}, ${samples} images${short ? ` (${short})` : ''}`;
}

function shortfall(used: UsedAttack): string | undefined {
  return reachInWords({ ...used, stepSize: used.stepSize ?? undefined });
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
}

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
