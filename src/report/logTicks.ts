/** The most numbers beside an axis before they run into each other. */
const MOST_TICKS = 9;

/**
 * The powers of ten from `low` to `high`, both positive: every second, third, ... of them where they are many, and both ends
 * instead where there are not two.
 */
export function logTicks(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  if (last <= first) return [low, high];
  const step = Math.ceil((last - first + 1) / MOST_TICKS);
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, k) => 10 ** (last - k * step)).reverse();
}

/** A number of a logarithmic axis as people write it: 1, 10, 100, 10³, 10⁻⁴, and 2.5 where it is not a power of ten. */
export function powerLabel(value: number): string {
  const exponent = Math.round(Math.log10(value));
  if (Math.abs(Math.log10(value) - exponent) > 1e-9) return String(Number(value.toPrecision(3)));
  if (exponent >= 0 && exponent <= 2) return String(10 ** exponent);
  return `10${[...String(exponent)].map((letter) => (letter === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(letter)])).join('')}`;
}
