import type { DirectionLimit } from '../sliceTypes';
import { type Corner, directionOf } from './corner';

/** Logits of a region, and how fast they grow. */
export interface Growth {
  /** Slopes in s and t, K x 2. */
  readonly slope: Float64Array;
  /** Logits at a point inside the region. */
  readonly logits: Float64Array;
  /** How far rounding may have moved the slopes of each: those that differ by no more count as equal. */
  readonly errors: Float64Array;
}

/** Limits of the confidence in all directions in which a region is infinite. */
export function limitsOf(corners: readonly Corner[], growth: Growth): DirectionLimit[] {
  const limits: DirectionLimit[] = [];
  for (const [i, from] of corners.entries()) {
    if (from.w === 1) continue;
    const before = corners[(i + corners.length - 1) % corners.length]!;
    const next = corners[(i + 1) % corners.length]!;
    const more =
      next.w === 0 ? limitsBetween(from, next, growth) : before.w === 1 ? limitsBetween(from, from, growth) : [];
    for (const limit of more) addLimit(limits, limit);
  }
  return limits;
}

/** Adds a range of directions, or prolongs the last one when it has the same classes. */
function addLimit(limits: DirectionLimit[], limit: DirectionLimit): void {
  const last = limits.at(-1);
  const goesOn = last && last.to[0] === limit.from[0] && last.to[1] === limit.from[1];
  if (goesOn && last.classes.join() === limit.classes.join()) limits[limits.length - 1] = { ...last, to: limit.to };
  else limits.push(limit);
}

/** Limits in the directions from a to b, which are less than a half turn apart: the fastest class, then the next one. */
function limitsBetween(a: Corner, b: Corner, { slope, logits, errors }: Growth): DirectionLimit[] {
  const atA = Array.from(logits, (_, k) => slope[2 * k]! * a.x + slope[2 * k + 1]! * a.y);
  const atB = Array.from(logits, (_, k) => slope[2 * k]! * b.x + slope[2 * k + 1]! * b.y);
  const classes = [...logits.keys()];
  const limits: DirectionLimit[] = [];
  const equal = (j: number, k: number) => errors[j]! + errors[k]!;
  const first = atA.indexOf(Math.max(...atA));
  let fastest = classes
    .filter((k) => atA[k]! >= atA[first]! - equal(k, first))
    .reduce((best, k) => (atB[k]! > atB[best]! + equal(k, best) ? k : best), first);
  let from = a;
  for (;;) {
    const [lead, pace] = [fastest, { a: atA[fastest]!, b: atB[fastest]! }];
    const tied = classes.filter(
      (k) => Math.abs(atA[k]! - pace.a) <= equal(k, lead) && Math.abs(atB[k]! - pace.b) <= equal(k, lead),
    );
    // In direction (1 - share) a + share b, class k has caught up with the fastest one.
    let share = 1;
    for (const k of classes) {
      if (!(atB[k]! > pace.b + equal(k, lead))) continue;
      const [behind, gain] = [Math.max(pace.a - atA[k]!, 0), atB[k]! - pace.b];
      const at = behind / (behind + gain);
      if (at > share || (at === share && !(atB[k]! > atB[fastest]!))) continue;
      share = at;
      fastest = k;
    }
    const to = fastest === lead ? b : directionOf((1 - share) * a.x + share * b.x, (1 - share) * a.y + share * b.y);
    limits.push({ from: [from.x, from.y], to: [to.x, to.y], ...confidenceOf(tied, logits) });
    if (fastest === lead) return limits;
    from = to;
  }
}

/** The softmax among tied classes, which keep their distances on the way to infinity while all others fall behind. */
function confidenceOf(tied: readonly number[], logits: Float64Array): { classes: number[]; confidence: number } {
  const classes = [...tied].sort((j, k) => logits[k]! - logits[j]!);
  const sum = classes.reduce((total, k) => total + Math.exp(logits[k]! - logits[classes[0]!]!), 0);
  return { classes, confidence: 1 / sum };
}
