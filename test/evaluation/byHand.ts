import type { OodReport, OodRow } from '../../src/evaluation/oodReport';

/** The row of that name; there must be one. */
export function rowNamed(report: OodReport, name: string): OodRow {
  const row = report.rows.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return row;
}

export function sigmoid(t: number): number {
  return 1 / (1 + Math.exp(-t));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** Share of pairs in which the in-score is higher, ties half. */
export function bruteAuroc(inside: readonly number[], outside: readonly number[]): number {
  const wins = inside.map((a) => mean(outside.map((b) => (a > b ? 1 : a === b ? 0.5 : 0))));
  return mean(wins);
}

/** Share of out-scores at or above the 5th percentile of the in-scores, interpolated between neighbours. */
export function bruteFprAt95(inside: readonly number[], outside: readonly number[]): number {
  const sorted = [...inside].sort((a, b) => a - b);
  const position = 0.05 * (sorted.length - 1);
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  const threshold = below + (position - Math.floor(position)) * (above - below);
  return mean(outside.map((b) => (b >= threshold ? 1 : 0)));
}
