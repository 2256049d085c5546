import type { FineTuneRecord } from './types';
import { separation } from './verdict';

/** Updates in which the learning rate rises. */
const WARM_UP = 10;
/** Share of all updates after which it begins to fall. */
const STEADY = 0.6;
/** Measurements without a gain of so much after which it falls earlier, for a time in this proportion to that before. */
const [PATIENCE, GAIN, COOLING] = [5, 0.01, 0.5];

/** When the learning rate begins to fall, and when it is zero: updates. */
export interface Cooling {
  readonly from: number;
  readonly until: number;
}

/** The plan at the start. */
export function firstPlan(updates: number): Cooling {
  return { from: Math.floor(STEADY * updates), until: updates };
}

/** Factor of the learning rate at an update, counted from 0. */
export function rateAt(update: number, { from, until }: Cooling): number {
  const warm = Math.min(1, (update + 1) / WARM_UP);
  return update < from ? warm : warm * ((until - update) / (until - from));
}

/** The plan after another measurement: the end comes earlier where the last few have brought nothing. */
export function planAfter(checks: readonly FineTuneRecord[], plan: Cooling): Cooling {
  const { update } = checks.at(-1)!;
  if (update >= plan.from || checks.length <= PATIENCE) return plan;
  const best = (list: readonly FineTuneRecord[]) => Math.max(...list.map(separation));
  if (best(checks.slice(-PATIENCE)) - best(checks.slice(0, -PATIENCE)) >= GAIN) return plan;
  return { from: update, until: Math.min(plan.until, update + Math.max(1, Math.round(COOLING * update))) };
}
