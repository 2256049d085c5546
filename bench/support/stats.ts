/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : sorted[Math.floor(half)]!;
}

/** Quotients of two series, taken round by round. */
export interface Ratio {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** How many times as long `slow` took as `fast`, round by round. */
export function ratio(slow: readonly number[], fast: readonly number[]): Ratio {
  const quotients = slow.map((ms, round) => ms / fast[round]!);
  return { median: median(quotients), lowest: Math.min(...quotients), highest: Math.max(...quotients) };
}

/** Exponent b of the power law `y = a x^b` that fits best, by least squares on the logarithms. */
export function fittedExponent(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const [meanU, meanV] = [mean(u), mean(v)];
  const above = u.reduce((sum, _, i) => sum + (u[i]! - meanU) * (v[i]! - meanV), 0);
  return above / u.reduce((sum, value) => sum + (value - meanU) ** 2, 0);
}
