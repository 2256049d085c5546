import type { OodRow } from '../../evaluation/oodReport';
import type { RunFacts } from '../measure/record';

/** What happens on the way to infinity. */
export interface RayResult {
  readonly rays: number;
  /** Median of the smallest alpha >= 1 with 99.9 % confidence at alpha x; null if half of the rays never get there. */
  readonly medianAlpha: number | null;
  /** Share of rays above 95 % confidence inside the box, at the minimal alpha. */
  readonly overconfidentAtMinimalAlpha: number;
  /** The same at some alpha of the ray. */
  readonly overconfidentOnRay: number;
  /** Share of rays whose confidence goes to 1. */
  readonly goToOne: number;
  /** Mean of the exact limits. */
  readonly meanLimit: number;
  /** Whether the condition of Theorem 3.1, no two identical rows of V, holds on all rays. */
  readonly theoremHolds: boolean;
}

/** How much there is to worry about. */
export type VerdictLevel = 'good' | 'warning' | 'bad';

/** The result in words. */
export interface Verdict {
  readonly level: VerdictLevel;
  /** One sentence. */
  readonly text: string;
  /** What it rests on. */
  readonly details: readonly string[];
  /** What to do next. */
  readonly next: readonly string[];
}

/** Rows above the threshold, and those that could not be measured. */
export interface ThresholdResult {
  readonly maxMmc: number;
  readonly broken: readonly string[];
}

/** Everything that an audit or an evaluation says: what `--json` writes. With data it is an `OodReport` as well. */
export interface Result extends RunFacts {
  readonly format: 'relu-overconfidence result 1';
  readonly classes: number;
  /** Share of the data classified wrongly; null without data. */
  readonly testError: number | null;
  readonly rows: readonly OodRow[];
  readonly rays: RayResult | null;
  readonly verdict: Verdict;
  readonly threshold: ThresholdResult | null;
}
