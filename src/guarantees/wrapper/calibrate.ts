import { rowLogOdds } from '../../classifier/logOdds';
import type { Logits } from '../../classifier/readLogits';
import { checkPositive, refuse } from '../../core/check';

/** How strong a temperature may be. */
export interface CalibrationOptions {
  /** By how much the mean confidence on the data may fall. Predicted classes never change. @defaultValue 0.01 */
  readonly tolerance?: number;
}

/** What {@link calibrate} works on. */
export interface Calibration {
  readonly fn: string;
  readonly logits: Logits;
  readonly tolerance: number;
  /** Temperature of example i at a strength, rising with the strength. */
  readonly temperature: (strength: number, example: number) => number;
}

const BISECTIONS = 100;
/** Strengths between 2^-400 and 2^400 are searched. */
const EXPONENTS = 400;

/** The largest strength at which the mean confidence has fallen by no more than the tolerance. */
export function calibrate({ fn, logits, tolerance, temperature }: Calibration): number {
  checkPositive({ fn, argument: 'tolerance' }, tolerance);
  const fall = (strength: number) =>
    meanConfidence(logits, () => 1) - meanConfidence(logits, (i) => temperature(strength, i));
  const most = fall(2 ** EXPONENTS);
  if (!(tolerance < most))
    refuse(
      { fn, argument: 'tolerance' },
      'INVALID_OPTION',
      `less than ${most}, what the mean confidence on the data can fall by`,
      String(tolerance),
      'Allow less, or train the model first.',
    );
  let low = -EXPONENTS;
  let high = EXPONENTS;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (fall(2 ** middle) <= tolerance) low = middle;
    else high = middle;
  }
  return 2 ** low;
}

function meanConfidence({ values, classes, count }: Logits, temperature: (i: number) => number): number {
  const row = new Float64Array(classes);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const t = temperature(i);
    for (let k = 0; k < classes; k++) row[k] = values[i * classes + k]! / t;
    sum += 1 / (1 + Math.exp(-rowLogOdds(row, 0, classes)));
  }
  return sum / count;
}
