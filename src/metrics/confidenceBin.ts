/**
 * The bin 0 ... bins - 1 of a confidence: bin k is [k / bins, (k + 1) / bins), the last one is closed.
 *
 * The product rounds, 0.29 * 100 to just below 29 for example, so the guess is compared with the edges themselves.
 */
export function confidenceBin(confidence: number, bins: number): number {
  const guess = Math.floor(confidence * bins);
  if (confidence < guess / bins) return guess - 1;
  return Math.min(confidence >= (guess + 1) / bins ? guess + 1 : guess, bins - 1);
}
