import { checkPositive, checkWhole } from './check';
/** Turns logits into probabilities, in place; a logit of -Infinity becomes 0. */
export function softmax(logits: Float64Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let k = 0; k < logits.length; k++) {
    logits[k] = Math.exp(logits[k]! - largest);
    sum += logits[k]!;
  }
  for (let k = 0; k < logits.length; k++) logits[k]! /= sum;
  return logits;
}

/**
 * The largest D such that logits whose largest and smallest differ by at most D give every class a probability within
 * epsilon of 1/K. It is sharp: for any larger D there are logits that break it.
 *
 * For logits of range D the largest probability is greatest when one class is at the top and all others at the bottom,
 * `1 / (1 + (K - 1) e^-D)`, and the smallest is least when one is at the bottom and all others at the top,
 * `1 / (1 + (K - 1) e^D)`. Solving both for D,
 *
 * `D* = min{ log[(1 + K eps) / (1 - K eps / (K - 1))], log[(1 + K eps / (K - 1)) / (1 - K eps)] }`,
 *
 * where a term whose denominator is not positive is infinite. Theorem 3.2 of arXiv 1812.05720 uses
 * `log(1 + K eps)`, which is smaller: for epsilon 0.01 by a factor of 2.02 for two classes and 1.12 for ten.
 *
 * @param classes - Number of classes K >= 2.
 * @param epsilon - Distance from 1/K, > 0.
 * @returns A difference of logits; Infinity when epsilon >= 1 - 1/K, which allows everything.
 * @throws OverconfidenceError `INVALID_OPTION` if `classes` is not a whole number >= 2 or epsilon not a finite number > 0.
 *
 * @example
 * ```ts
 * import { sharpLogitRange } from 'relu-overconfidence/theory';
 *
 * console.log(sharpLogitRange(2, 0.01) / Math.log(1 + 2 * 0.01)); // 2.02...
 * ```
 */
export function sharpLogitRange(classes: number, epsilon: number): number {
  checkWhole({ fn: 'sharpLogitRange', argument: 'classes' }, classes, 2);
  checkPositive({ fn: 'sharpLogitRange', argument: 'epsilon' }, epsilon);
  const one = classes * epsilon;
  const others = one / (classes - 1);
  return Math.min(logRatio(one, others), logRatio(others, one));
}

/** `log[(1 + up) / (1 - down)]`, infinite when the denominator is not positive. */
function logRatio(up: number, down: number): number {
  return Math.log1p(up) - Math.log1p(-Math.min(1, down));
}
