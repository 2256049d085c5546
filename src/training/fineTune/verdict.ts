import type { Measured } from './measure';
import type { FineTuneMeasurement, FineTuneOutcome, FineTuneRecord } from './types';

/** What the separation must rise by to count. */
const WORTHWHILE = 0.02;
/** Standard errors by which a model must be better than a guess. */
const BEYOND_CHANCE = 2;

/** Rise of the error from one model to another on the same examples, with the standard error of such a paired difference. */
export function riseOf(before: Measured['wrong'], after: Measured['wrong']): FineTuneRecord['rise'] {
  let [sum, squares] = [0, 0];
  const count = before.length;
  for (let i = 0; i < count; i++) {
    const change = after[i]! - before[i]!;
    sum += change;
    squares += change * change;
  }
  const value = sum / count;
  return { value, standardError: Math.sqrt(Math.max(0, squares / count - value * value) / count) };
}

/** Whether a rise is within the tolerance, in percentage points, but for its error bar. */
export function isAllowed({ value, standardError }: FineTuneRecord['rise'], tolerance: number): boolean {
  return value - tolerance / 100 <= standardError;
}

/** How far the confidence on the data lies above that on noise, the mean of the plain and the attacked: what is to be raised. */
export function separation({ confidence, noise, attackedNoise }: FineTuneMeasurement): number {
  return confidence - (noise + attackedNoise) / 2;
}

/** Whether the weights of one measurement are to be kept rather than those of another: allowed ones first, then by their separation. */
export function isBetter(one: FineTuneRecord, other: FineTuneRecord | undefined): boolean {
  if (other === undefined || one.allowed !== other.allowed) return other === undefined || one.allowed;
  return one.allowed ? separation(one) > separation(other) : one.error < other.error;
}

/** Whether a model does no better than one that always says the commonest class. */
export function isChance(labels: Int32Array, error: number, classes: number): boolean {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  const guess = Math.max(...counts) / labels.length;
  const bar = Math.sqrt((guess * (1 - guess)) / labels.length);
  return 1 - error <= guess + BEYOND_CHANCE * bar;
}

/** What came out, in a word and in a sentence. */
export function verdictOf(
  before: FineTuneMeasurement,
  after: FineTuneMeasurement,
  best: FineTuneRecord,
  tolerance: number,
): { readonly outcome: FineTuneOutcome; readonly reason: string } {
  const { value, standardError } = best.rise;
  const rise = `${points(value)} ± ${points(standardError)} points`;
  if (!best.allowed)
    return {
      outcome: 'worse',
      reason: `The error on the validation data rises by ${rise}, more than the tolerance of ${tolerance}. ${remedyFor(before)}`,
    };
  const gain = separation(after) - separation(before);
  if (gain < WORTHWHILE)
    return {
      outcome: 'no better',
      reason: `Noise is told from data no better than before: the confidence on data lies ${separation(after).toFixed(3)} above that on noise, and lay ${separation(before).toFixed(3)} above it. More updates, a larger lambda or more layers may help.`,
    };
  return {
    outcome: 'improved',
    reason: `Confidence on attacked noise ${before.attackedNoise.toFixed(3)} before, ${after.attackedNoise.toFixed(3)} after; on noise ${before.noise.toFixed(3)} and ${after.noise.toFixed(3)}; the error changes by ${rise}.`,
  };
}

function remedyFor({ error }: FineTuneMeasurement): string {
  const seen =
    error < 0.01
      ? ' If the model was trained on these very data, its error before flatters it: validate on data that it has never seen.'
      : '';
  return `A smaller epsilon or lambda, more data or a larger tolerance may help.${seen}`;
}

function points(share: number): string {
  return (100 * share).toFixed(2);
}
