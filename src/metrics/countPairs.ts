import type { Where } from '../core/check';
import { checkScores } from './checkScores';
import { sortedCopy } from './sortedCopy';

/** How the n * m pairs of an in- and an out-score compare. */
export interface PairCounts {
  /** Pairs whose in-score is the larger one. */
  readonly wins: number;
  /** Pairs of equal scores. */
  readonly ties: number;
  /** All pairs. */
  readonly pairs: number;
}

/** Checks both sides on behalf of the public function `fn`, then counts; exact while n * m stays below 2^53. */
export function countPairs(fn: Where['fn'], inS: ArrayLike<number>, outS: ArrayLike<number>): PairCounts {
  checkScores({ fn, argument: 'inS' }, inS);
  checkScores({ fn, argument: 'outS' }, outS);
  const ins = sortedCopy(inS);
  const outs = sortedCopy(outS);
  let wins = 0;
  let ties = 0;
  let below = 0;
  let upTo = 0;
  for (let i = 0; i < ins.length; i++) {
    const score = ins[i]!;
    while (below < outs.length && outs[below]! < score) below++;
    if (upTo < below) upTo = below;
    while (upTo < outs.length && outs[upTo]! === score) upTo++;
    wins += below;
    ties += upTo - below;
  }
  return { wins, ties, pairs: ins.length * outs.length };
}
