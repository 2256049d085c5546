import { computations, type Kind } from './computations';
import type { Outcomes } from './runComputations';

/** How far one computation is from the reference. */
export interface Difference {
  readonly kind: Kind;
  readonly name: string;
  /** The quantity that differs most. */
  readonly quantity: string;
  /**
   * Its largest absolute difference, divided by the largest absolute value that the reference has for it; Infinity where
   * one of the two is not a finite number and the other is not the same.
   */
  readonly relative: number;
}

/** The difference of every computation that succeeded on both sides. */
export function compare(reference: Outcomes, got: Outcomes): Difference[] {
  return computations.flatMap(({ kind, name }) => {
    const wanted = reference[name]?.numbers;
    const found = got[name]?.numbers;
    if (wanted === undefined || found === undefined) return [];
    const differences = Object.entries(wanted).map(([quantity, values]) => ({
      kind,
      name,
      quantity,
      relative: relativeDifference(values, found[quantity] ?? []),
    }));
    return [differences.reduce((worst, next) => (next.relative > worst.relative ? next : worst))];
  });
}

type Values = readonly (number | string)[];

function relativeDifference(wanted: Values, found: Values): number {
  if (wanted.length !== found.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let apart = 0;
  for (const [i, value] of wanted.entries()) {
    if (value === found[i]) {
      if (typeof value === 'number') largest = Math.max(largest, Math.abs(value));
      continue;
    }
    if (typeof value !== 'number' || typeof found[i] !== 'number') return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(value));
    apart = Math.max(apart, Math.abs(value - found[i]));
  }
  return apart === 0 ? 0 : apart / largest;
}
