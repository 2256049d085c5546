import { atOnce, type Pausing } from '../core/pausing';
import { createRng } from '../core/rng';
import { pushing } from './pass/push';
import { COPIES, disturb, summed, uncertainty } from './pass/rounding';
import type { KinkNode, MaxNode, Pattern, PiecewiseAffine } from './types';

/** A network on the last linear region that a ray `origin + alpha direction` meets. */
export interface LimitAlongRay {
  /** K numbers, V times the direction: how fast each logit grows with alpha. */
  readonly slope: Float64Array;
  /** How far rounding may have moved each slope: one that is no larger may be zero. */
  readonly slopeErrors: Float64Array;
  /** K numbers: the logits are `slope * alpha + intercept`. */
  readonly intercept: Float64Array;
  /** Whether two logits grow equally fast, as far as rounding can tell. */
  readonly sameSlope: (j: number, k: number) => boolean;
  /** From this alpha on nothing is decided differently any more. */
  readonly from: number;
  /** What is decided there. */
  readonly pattern: Pattern;
}

/** Rows that go through the network: the origin, the direction, and copies of the direction with roundings of their own. */
const [ORIGIN, DIRECTION, FIRST_COPY] = [0, 1, 2];

/**
 * Where the ray `origin + alpha direction` ends, in a single pass: Lemma 3.1 of arXiv 1812.05720.
 *
 * For large alpha every value is a line `b + s alpha`, and what is decided about it depends on s first and on b only where s
 * is zero (or, between members of a group, equal). So the lines of the last region follow layer by layer without the regions
 * before it; and the last breakpoint is the largest alpha at which one of these lines meets its threshold or its rival.
 *
 * Whether a slope is zero is judged by its own rounding, that of the slopes it was added up from included, and not by other
 * slopes of its layer.
 */
export function limitAlongRay(net: PiecewiseAffine, origin: Float64Array, direction: Float64Array): LimitAlongRay {
  return atOnce(findLimitAlongRay(net, origin, direction));
}

/** The same with a pause before every node. */
export function* findLimitAlongRay(
  net: PiecewiseAffine,
  origin: Float64Array,
  direction: Float64Array,
): Pausing<LimitAlongRay> {
  const count = FIRST_COPY + COPIES;
  const rng = createRng(1812);
  const rows = new Float64Array(count * net.inputSize);
  rows.set(origin);
  for (let row = DIRECTION; row < count; row++) rows.set(direction, row * net.inputSize);
  let from = 0;
  const { outputs, pattern } = yield* pushing(
    net,
    rows,
    { count, points: 1 },
    (node, z) => {
      const lines = new UncertainLines(z, z.length / count);
      const decided = node.kind === 'kink' ? lastPieces(node, lines) : lastWinners(node, lines);
      from = Math.max(from, decided.from);
      return decided.states;
    },
    (node, inputs, result) => disturb(result, summed(node, inputs, result, DIRECTION), FIRST_COPY, rng),
  );
  const logits = new UncertainLines(outputs, net.classes);
  return {
    slope: logits.slopes.slice(),
    slopeErrors: logits.slopes.map((_, k) => logits.error(k)),
    intercept: logits.intercepts.slice(),
    sameSlope: (j, k) => logits.faster(j, k) === 0,
    from,
    pattern,
  };
}

/** Lines `intercepts[i] + slopes[i] alpha` whose slopes are known up to rounding. */
class UncertainLines {
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;

  constructor(
    private readonly rows: Float64Array,
    private readonly size: number,
  ) {
    this.intercepts = rows.subarray(ORIGIN * size, (ORIGIN + 1) * size);
    this.slopes = rows.subarray(DIRECTION * size, (DIRECTION + 1) * size);
  }

  error(i: number, j?: number): number {
    return uncertainty(this.rows, this.size, DIRECTION, FIRST_COPY, i, j);
  }

  /** The slope of line i, or 0 if it may be. */
  moves(i: number): number {
    return Math.abs(this.slopes[i]!) > this.error(i) ? this.slopes[i]! : 0;
  }

  /** By how much line i grows faster than line j, or 0 if they may grow alike. */
  faster(i: number, j: number): number {
    const difference = this.slopes[i]! - this.slopes[j]!;
    return Math.abs(difference) > this.error(i, j) ? difference : 0;
  }
}

interface Decided {
  readonly states: Int32Array;
  readonly from: number;
}

function lastPieces({ size, thresholds }: KinkNode, lines: UncertainLines): Decided {
  const { intercepts } = lines;
  const states = new Int32Array(size);
  let from = 0;
  for (let i = 0; i < size; i++) {
    const slope = lines.moves(i);
    for (const threshold of thresholds) {
      if (slope === 0 ? intercepts[i]! > threshold : slope > 0) states[i]!++;
      if (slope !== 0) from = Math.max(from, (threshold - intercepts[i]!) / slope);
    }
  }
  return { states, from };
}

function lastWinners({ size, starts, members }: MaxNode, lines: UncertainLines): Decided {
  const { intercepts, slopes } = lines;
  const states = new Int32Array(size);
  let from = 0;
  for (let g = 0; g < size; g++) {
    const group = members.subarray(starts[g]!, starts[g + 1]!);
    const steepest = group.reduce((a, b) => (slopes[b]! > slopes[a]! ? b : a));
    const winner = group.reduce((a, b) => {
      if (lines.faster(b, steepest) < 0) return a;
      return lines.faster(a, steepest) < 0 || intercepts[b]! > intercepts[a]! ? b : a;
    });
    states[g] = group.indexOf(winner);
    for (const rival of group) {
      const faster = lines.faster(winner, rival);
      if (faster > 0) from = Math.max(from, (intercepts[rival]! - intercepts[winner]!) / faster);
    }
  }
  return { states, from };
}
