import type { MatcherResult } from './matcherTypes';
import type { CheckResult } from './types';

/** A check as test runners like to hear of it. */
export function matcherResult({ holds, message }: CheckResult): MatcherResult {
  return { pass: holds, message: () => message };
}
