/** What a row of an {@link OodReport} was measured on. */
export type OodRowKind = 'in' | 'out' | 'noise' | 'adversarialNoise' | 'adversarialSamples';

/** The scores of the images of a row, in their order. */
export interface OodScores {
  /** Largest softmax probability of each image, float64. */
  readonly confidences: readonly number[];
  /** Log-odds of the predicted class of each image, see {@link logOdds}; always finite. */
  readonly logOdds: readonly number[];
}

/** One row of the paper's Table 1. A number that is not defined is `null`, which JSON can carry. */
export interface OodRow {
  /** Name of the data set, different in every row. */
  readonly name: string;
  /** What it is. */
  readonly kind: OodRowKind;
  /** Images counted in this row. */
  readonly samples: number;
  /**
   * Images that were attacked in vain and are therefore not counted: still classified correctly with a confidence above
   * 1.01 / K. 0 in rows other than adversarial samples.
   */
  readonly resisted: number;
  /** Mean of the confidences (MMC), in [0, 1]; `null` if no image counts. */
  readonly meanMaxConfidence: number | null;
  /** Standard error of that mean, s / sqrt(samples); `null` for fewer than two images. */
  readonly standardError: number | null;
  /** Area under the ROC curve against the in-distribution; `null` in its own row and if no image counts. */
  readonly auroc: number | null;
  /** False positive rate at 95 % true positive rate; `null` in the in-distribution's row and if no image counts. */
  readonly fprAt95: number | null;
  /** The score of every image counted; there with `keepScores: true`. */
  readonly scores?: OodScores;
}

/** How a row of a report was attacked. */
export interface UsedAttack {
  /** Name of the attack function. */
  readonly attack: string;
  /** Radius of the ball around each image, in input units. */
  readonly epsilon: number;
  /** Length of a step, in input units. */
  readonly stepSize: number;
  /** Steps per restart. */
  readonly steps: number;
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
  /** The attack on noise; `null` if there was none. */
  readonly adversarialNoise: UsedAttack | null;
  /** The attack on in-distribution images; `null` if there was none. */
  readonly adversarialSamples: UsedAttack | null;
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
