import { OverconfidenceError } from 'relu-overconfidence';

/** A share in whole percent, never rounded up to all. */
export function wholePercent(share: number): string {
  return share < 1 && share >= 0.995 ? 'over 99\u00a0%' : `${(100 * share).toFixed(0)}\u00a0%`;
}

/** What went wrong, in words for a visitor. */
export function faultInWords(error: unknown): string {
  if (error instanceof OverconfidenceError) return `Expected ${error.expected}, got ${error.got}. ${error.fix}`;
  return error instanceof Error ? error.message : String(error);
}

/** Whether work ended because it was no longer wanted. */
export function isAborted(error: unknown): boolean {
  return error instanceof OverconfidenceError && error.code === 'ABORTED';
}
