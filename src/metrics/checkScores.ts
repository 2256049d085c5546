import { refuse, show, type Where } from '../core/check';

/** A non-empty array of numbers without NaN. Infinite scores are legal: log-odds reach them. */
export function checkScores(where: Where, scores: ArrayLike<number>): void {
  checkFilled(where, scores);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i];
    if (typeof score !== 'number') refuseEntry(where, 'numbers only', i, score);
    if (Number.isNaN(score))
      refuse(where, 'NON_FINITE', 'free of NaN', `NaN at index ${i}`, 'Look for a 0 / 0 or Infinity - Infinity.');
  }
}

/** A non-empty array of finite numbers in [0, 1]. */
export function checkConfidences(where: Where, confidences: ArrayLike<number>): void {
  checkFilled(where, confidences);
  for (let i = 0; i < confidences.length; i++) {
    const confidence = confidences[i];
    if (typeof confidence !== 'number') refuseEntry(where, 'numbers only', i, confidence);
    if (confidence >= 0 && confidence <= 1) continue;
    const code = Number.isFinite(confidence) ? 'OUT_OF_BOUNDS' : 'NON_FINITE';
    refuse(
      where,
      code,
      'probabilities in [0, 1]',
      `${confidence} at index ${i}`,
      'Pass confidences, not logits or log-odds.',
    );
  }
}

/** One verdict per confidence: booleans, or the numbers 0 and 1. */
export function checkVerdicts(where: Where, verdicts: ArrayLike<boolean | number>, count: number): void {
  checkFilled(where, verdicts);
  if (verdicts.length !== count)
    refuse(
      where,
      'INVALID_ARGUMENT',
      `as long as the confidences (${count})`,
      `${verdicts.length} entries`,
      'Pass one verdict per confidence, in the same order.',
    );
  for (let i = 0; i < count; i++) {
    const verdict = verdicts[i];
    if (typeof verdict !== 'boolean' && verdict !== 0 && verdict !== 1)
      refuseEntry(where, 'booleans, or 0 and 1', i, verdict);
  }
}

function checkFilled(where: Where, values: ArrayLike<unknown>): void {
  if (values === null || typeof values !== 'object' || !Number.isInteger(values.length))
    refuse(
      where,
      'INVALID_ARGUMENT',
      'an array or typed array',
      show(values),
      'Await the function that made it; read tensors with `await t.data()`.',
    );
  if (values.length === 0)
    refuse(where, 'EMPTY_INPUT', 'at least one entry', 'an empty array', 'Check the filter or the data before it.');
}

function refuseEntry(where: Where, expected: string, index: number, value: unknown): never {
  refuse(
    where,
    'INVALID_ARGUMENT',
    expected,
    `${show(value)} at index ${index}`,
    'Convert the entries before the call.',
  );
}
