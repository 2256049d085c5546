import type { ReadOptions } from '../classifier/readLogits';

/** What every check finds. */
export interface CheckResult {
  /** Whether what was asked for holds. */
  readonly holds: boolean;
  /**
   * The numbers in words, for a report of tests: it says what is wrong where the check does not hold and, where it does, what
   * is wrong for someone who expected the opposite.
   */
  readonly message: string;
}

/** One image of those that a check looked at. */
export interface JudgedImage {
  /** Number of the image within the batch, from 0. */
  readonly index: number;
  /** Largest softmax probability of the image. */
  readonly confidence: number;
  /** The class that it belongs to. */
  readonly predicted: number;
}

/** What a model must not exceed to be unconfident. */
export interface UnconfidentOptions extends ReadOptions {
  /** Highest mean of the confidences (MMC of the paper's Table 1) that is accepted, in [0, 1]. */
  readonly maxMmc: number;
}

/** How unconfident a model is. */
export interface UnconfidentResult extends CheckResult {
  /** Mean of the confidences. */
  readonly mmc: number;
  /** The bound that was asked for. */
  readonly maxMmc: number;
  /** Number of images looked at. */
  readonly samples: number;
  /** How many of them have a confidence above the bound. */
  readonly above: number;
  /** The image of the highest confidence. */
  readonly worst: JudgedImage;
}
