import type { Ratio } from './stats';

/** Three digits: 1,930 / 157 / 44.1 / 0.123. */
export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return decimals > 0 ? value.toFixed(Math.min(decimals, 6)) : Math.round(value).toLocaleString('en-US');
}

/** `12.3 (11.9 to 13.0)`: the median of a ratio and its range over the rounds. */
export function range({ median, lowest, highest }: Ratio): string {
  return `${digits(median)} (${digits(lowest)} to ${digits(highest)})`;
}
