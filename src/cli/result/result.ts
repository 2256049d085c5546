import { numbersOf } from '../../evaluation/measureBlocks';
import type { OodRow } from '../../evaluation/oodReport';
import type { ModelFacts, RunFacts, RunRecord } from '../measure/runRecord';

/** What happens on the way to infinity. */
export interface RayResult {
  readonly rays: number;
  /** Rays whose smallest alpha is exact: they were followed to where it is reached, or to the end. */
  readonly followed: number;
  /**
   * Median of the smallest alpha >= 1 with 99.9 % confidence at alpha x; null if half of the rays never get there. Of rays that
   * were not followed so far counts an alpha that was found to be enough: the median is no larger.
   */
  readonly medianAlpha: number | null;
  /** The median is no smaller: the same number where all rays were followed. */
  readonly leastMedianAlpha: number | null;
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

/** How much there is to worry about; 'none' where too little was measured to tell. */
export type VerdictLevel = 'good' | 'warning' | 'bad' | 'none';

/** A measurement that says nothing. */
export interface Unmeasured {
  readonly name: string;
  /** A sentence without its subject, which is the name. */
  readonly why: string;
}

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

/** What keeps a result from being below the threshold. */
export interface ThresholdResult {
  readonly maxMmc: number;
  /** Rows above the threshold, and whatever could not be measured, marked as such. */
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
  /** What could not be measured, by name with the reason; an attack that was blind and found little is among it. */
  readonly unmeasured: readonly Unmeasured[];
  readonly verdict: Verdict;
  readonly threshold: ThresholdResult | null;
}

/** The class of a number, in the words of the model where it names its classes. */
export function className({ labels }: Pick<ModelFacts, 'labels'>, index: number): string {
  return labels?.[index] ?? `class ${index}`;
}

/** The class that a model takes a row for most often, and the share of the row; undefined where it was not measured. */
export function takenFor(
  { measured, run }: RunRecord,
  row: string,
): { readonly name: string; readonly share: number } | undefined {
  const one = measured[row];
  const predicted = one === undefined || one.failed !== undefined ? [] : numbersOf(one, 'predicted');
  if (predicted.length === 0) return undefined;
  const counts = new Array<number>(run.model.classes).fill(0);
  for (const k of predicted) counts[k]!++;
  const most = counts.indexOf(Math.max(...counts));
  return { name: className(run.model, most), share: counts[most]! / predicted.length };
}
