import { refuse, show } from '../core/check';

/** A confidence that is asked for. */
export interface ConfidenceTarget {
  /** The confidence asked for, between 0 and 1. @defaultValue 0.999 */
  readonly confidence?: number;
  /** The same as its distance from 1, for targets that a float64 rounds to 1, such as 1e-30; replaces `confidence`. */
  readonly oneMinusConfidence?: number;
}

/** The target as log-odds, `log p - log(1 - p)`, in which 1 - 1e-30 is the number 69. */
export function targetLogOdds(fn: string, { confidence = 0.999, oneMinusConfidence }: ConfidenceTarget): number {
  if (oneMinusConfidence !== undefined) {
    checkOpen(fn, 'oneMinusConfidence', oneMinusConfidence);
    return Math.log1p(-oneMinusConfidence) - Math.log(oneMinusConfidence);
  }
  return logOdds(fn, 'confidence', confidence);
}

/** A confidence as log-odds. */
export function logOdds(fn: string, argument: string, confidence: number): number {
  checkOpen(fn, argument, confidence);
  return Math.log(confidence) - Math.log1p(-confidence);
}

function checkOpen(fn: string, argument: string, value: number): void {
  if (typeof value !== 'number' || !(value > 0 && value < 1))
    refuse(
      { fn, argument },
      'INVALID_OPTION',
      'a number between 0 and 1, both excluded',
      show(value),
      'A confidence of exactly 1 is reached nowhere; to come close pass for example `oneMinusConfidence: 1e-30`.',
    );
}
