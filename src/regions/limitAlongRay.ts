import { push } from './pass/push';
import type { KinkNode, MaxNode, Pattern, PiecewiseAffine } from './types';

/** A network on the last linear region that a ray `origin + alpha direction` meets. */
export interface LimitAlongRay {
  /** K numbers, V times the direction: how fast each logit grows with alpha. */
  readonly slope: Float64Array;
  /** K numbers: the logits are `slope * alpha + intercept`. */
  readonly intercept: Float64Array;
  /** From this alpha on nothing is decided differently any more. */
  readonly from: number;
  /** What is decided there. */
  readonly pattern: Pattern;
}

/** Slopes that differ by less than this share of the largest slope of their layer differ by rounding only. */
const SAME_SLOPE = 1e-12;

/**
 * Where the ray `origin + alpha direction` ends, in a single pass: Lemma 3.1 of arXiv 1812.05720.
 *
 * For large alpha every value is a line `b + s alpha`, and what is decided about it depends on s first and on b only where s
 * is zero (or, between members of a group, equal). So the lines of the last region follow layer by layer without the regions
 * before it; and the last breakpoint is the largest alpha at which one of these lines meets its threshold or its rival.
 */
export function limitAlongRay(net: PiecewiseAffine, origin: Float64Array, direction: Float64Array): LimitAlongRay {
  let from = 0;
  const both = new Float64Array(2 * net.inputSize);
  both.set(origin);
  both.set(direction, net.inputSize);
  const { outputs, pattern } = push(net, both, { count: 2, points: 1 }, (node, z) => {
    const intercepts = z.subarray(0, z.length / 2);
    const slopes = z.subarray(z.length / 2);
    const decided = node.kind === 'kink' ? lastPieces(node, intercepts, slopes) : lastWinners(node, intercepts, slopes);
    from = Math.max(from, decided.from);
    return decided.states;
  });
  return { slope: outputs.slice(net.classes), intercept: outputs.slice(0, net.classes), from, pattern };
}

/** Two slopes are the same if they differ by less than what this returns. */
export function slopeTolerance(slopes: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < slopes.length; i++) largest = Math.max(largest, Math.abs(slopes[i]!));
  return SAME_SLOPE * largest;
}

interface Decided {
  readonly states: Int32Array;
  readonly from: number;
}

function lastPieces({ size, thresholds }: KinkNode, intercepts: Float64Array, slopes: Float64Array): Decided {
  const tolerance = slopeTolerance(slopes);
  const states = new Int32Array(size);
  let from = 0;
  for (let i = 0; i < size; i++) {
    const moves = Math.abs(slopes[i]!) > tolerance;
    for (const threshold of thresholds) {
      if (moves ? slopes[i]! > 0 : intercepts[i]! > threshold) states[i]!++;
      if (moves) from = Math.max(from, (threshold - intercepts[i]!) / slopes[i]!);
    }
  }
  return { states, from };
}

function lastWinners({ size, starts, members }: MaxNode, intercepts: Float64Array, slopes: Float64Array): Decided {
  const tolerance = slopeTolerance(slopes);
  const states = new Int32Array(size);
  let from = 0;
  for (let g = 0; g < size; g++) {
    let winner = members[starts[g]!]!;
    for (let m = starts[g]! + 1; m < starts[g + 1]!; m++) {
      const rival = members[m]!;
      const faster = slopes[rival]! - slopes[winner]!;
      if (Math.abs(faster) > tolerance ? faster < 0 : intercepts[rival]! <= intercepts[winner]!) continue;
      winner = rival;
      states[g] = m - starts[g]!;
    }
    for (let m = starts[g]!; m < starts[g + 1]!; m++) {
      const rival = members[m]!;
      const faster = slopes[winner]! - slopes[rival]!;
      if (faster > tolerance) from = Math.max(from, (intercepts[rival]! - intercepts[winner]!) / faster);
    }
  }
  return { states, from };
}
