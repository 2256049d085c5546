import { type Bounds, boundsAt } from '../core/bounds';
import { isLater } from '../regions/ray/lines';
import { movingRay } from '../regions/ray/movingRay';
import { onlyPieces, type RayPiece, type RayStep } from '../regions/rayPieces';
import type { PiecewiseAffine } from '../regions/types';

/** Changes after which everything is computed from scratch, so that rounding does not add up. */
const RENEW_AFTER = 512;

/** alpha x with every entry moved to the nearest number of the box; alpha may be Infinity. */
export function clipped(x: Float64Array, alpha: number, box: Bounds): Float64Array {
  return x.map((value, i) => {
    const [low, high] = boundsAt(box, i);
    return Math.min(high, Math.max(low, value === 0 ? 0 : alpha * value));
  });
}

/**
 * The linear pieces of a network along the path clip(alpha x), from `from` until nothing moves any more: each entry of the
 * input is a line that bends where it enters the box and where it leaves it. Where nothing moves there is no piece.
 */
export function clippedPieces(
  net: PiecewiseAffine,
  x: Float64Array,
  from: number,
  box: Bounds,
): Generator<RayPiece, void, undefined> {
  return onlyPieces(walkClipped(net, x, from, box));
}

/** The same with pauses. */
export function* walkClipped(
  net: PiecewiseAffine,
  x: Float64Array,
  from: number,
  box: Bounds,
): Generator<RayStep | undefined, void, undefined> {
  const moving = x.map((value, i) =>
    value !== 0 && entersAt(value, boundsAt(box, i)) <= from && from < leavesAt(value, boundsAt(box, i)) ? 1 : 0,
  );
  const slopes = x.map((value, i) => moving[i]! * value);
  const intercepts = clipped(x, from, box).map((value, i) => (moving[i] === 1 ? 0 : value));
  const ray = yield* movingRay(net, { intercepts, slopes }, from);
  const turns = turnsAfter(x, from, box);
  let begin = from;
  for (let [turn, changes] = [0, 1]; turn < turns.length; changes++) {
    const { at, entry, change } = turns[turn]!;
    const t = Math.min(at, ray.next());
    let done: Pick<RayPiece, 'slope' | 'intercept'> | undefined;
    const beforeBend = () => {
      const { slopes: slope, intercepts: intercept } = ray.logits();
      if (isLater(t, begin)) done = { slope: slope.slice(), intercept: intercept.slice() };
    };
    if (t < at) ray.advance(beforeBend);
    else {
      ray.turn(t, entry, change, beforeBend);
      turn++;
    }
    yield { piece: done && { from: begin, to: t, ...done }, updates: ray.updates() };
    if (done !== undefined) begin = t;
    if (changes % RENEW_AFTER === 0) yield* ray.renew(t);
  }
}

/** The alphas > `from` at which an entry enters the box or leaves it, in ascending order. */
export function turningPoints(x: Float64Array, from: number, box: Bounds): number[] {
  return turnsAfter(x, from, box).map(({ at }) => at);
}

interface Turn {
  readonly at: number;
  readonly entry: number;
  /** What is added to the slope of the entry. */
  readonly change: number;
}

function turnsAfter(x: Float64Array, from: number, box: Bounds): Turn[] {
  const turns = Array.from(x, (value, entry) => [
    { at: entersAt(value, boundsAt(box, entry)), entry, change: value },
    { at: leavesAt(value, boundsAt(box, entry)), entry, change: -value },
  ]).flat();
  return turns
    .filter(({ at, change }) => change !== 0 && at > from && at < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.at - b.at);
}

function entersAt(value: number, [low, high]: readonly [number, number]): number {
  return (value > 0 ? low : high) / value;
}

function leavesAt(value: number, [low, high]: readonly [number, number]): number {
  return (value > 0 ? high : low) / value;
}
