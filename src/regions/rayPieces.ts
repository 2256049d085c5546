import { checkKeys, type KeysOf, refuse, show } from '../core/check';
import { checkSlope, checkVector } from './checkVector';
import { isLater, type Lines } from './ray/lines';
import { movingRay } from './ray/movingRay';
import type { PiecewiseAffine } from './types';

/** One linear piece of a network along a ray: logits = `slope` t + `intercept` for t in [from, to]. */
export interface RayPiece {
  /** Where the piece begins. */
  readonly from: number;
  /** Where it ends; Infinity for the last piece of a whole ray. */
  readonly to: number;
  /** K numbers: how fast each logit grows with t. */
  readonly slope: Float64Array;
  /** K numbers: the logits at t = 0 if the piece went on to there. */
  readonly intercept: Float64Array;
}

/** Options of {@link traceRay} and {@link rayPieces}. */
export interface RayOptions {
  /** First t. @defaultValue 0 */
  readonly from?: number;
  /** Last t; Infinity for the whole ray. @defaultValue Infinity */
  readonly to?: number;
}

const KEYS: KeysOf<RayOptions> = { from: true, to: true };

/** Changes of decisions after which everything is computed from scratch, so that rounding does not add up. */
const RENEW_AFTER = 512;

/** Likewise once t has grown by this factor: a slope that is nothing but rounding bends the ray only far out. */
const RENEW_BEYOND = 1000;

/**
 * The pieces that {@link traceRay} lists, one after the other and computed only when asked for: leave the loop at the
 * first piece that answers the question.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param origin - The point at t = 0, flat, d numbers.
 * @param direction - What is added per unit of t, flat, d numbers, not all zero.
 * @throws OverconfidenceError as {@link traceRay} does, at the call and not at the first piece.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { rayPieces, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * for (const { from, slope } of rayPieces(net, [0.1, 0.2], [1, -1])) {
 *   console.log(`from ${from} on the first logit grows by ${slope[0]} per unit`);
 *   if (from > 0.5) break;
 * }
 * ```
 */
export function rayPieces(
  net: PiecewiseAffine,
  origin: ArrayLike<number>,
  direction: ArrayLike<number>,
  options: RayOptions = {},
): Generator<RayPiece, void, undefined> {
  return checkedPieces('rayPieces', net, origin, direction, options);
}

/** The same in the name of the function that was called. */
function checkedPieces(
  fn: string,
  net: PiecewiseAffine,
  origin: ArrayLike<number>,
  direction: ArrayLike<number>,
  options: RayOptions,
): Generator<RayPiece, void, undefined> {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { from = 0, to = Number.POSITIVE_INFINITY } = options;
  const intercepts = checkVector({ fn, argument: 'origin' }, net, origin);
  const slopes = checkSlope(fn, net, direction);
  if (!Number.isFinite(from))
    refuse({ fn, argument: 'from' }, 'INVALID_OPTION', 'a finite number', show(from), 'Begin at 0, or at any other t.');
  if (!(to > from))
    refuse(
      { fn, argument: 'to' },
      'INVALID_OPTION',
      `a number > from = ${from}`,
      show(to),
      'Leave it out for Infinity.',
    );
  return onlyPieces(walkRay(net, { intercepts, slopes }, from, to));
}

/** A stretch of the walk along a ray. */
export interface RayStep {
  /** The piece that has ended here, if one has. */
  readonly piece: RayPiece | undefined;
  /** Values updated so far; see {@link movingRay}. */
  readonly updates: number;
}

/** The pieces of a walk without its pauses. */
export function* onlyPieces(walk: Iterable<RayStep | undefined>): Generator<RayPiece, void, undefined> {
  for (const step of walk) if (step?.piece) yield step.piece;
}

/** Follows a ray with a pause, or a step, before every change; the lines are the walk's own from now on. */
export function* walkRay(
  net: PiecewiseAffine,
  lines: Lines,
  from: number,
  to: number,
): Generator<RayStep | undefined, void, undefined> {
  const ray = yield* movingRay(net, lines, from);
  const snapshot = () => {
    const { slopes, intercepts } = ray.logits();
    return { slope: slopes.slice(), intercept: intercepts.slice() };
  };
  let begin = from;
  let passed = from;
  let renewedAt = from;
  let changes = 0;
  for (;;) {
    const t = ray.next();
    // What rounding has added up to matters at the end, where it would be read off at any distance.
    const far = t === Number.POSITIVE_INFINITY ? to === t : t > RENEW_BEYOND * Math.abs(renewedAt);
    if (changes > 0 && (changes >= RENEW_AFTER || far)) {
      [changes, renewedAt] = [0, passed];
      yield* ray.renew(passed);
      continue;
    }
    if (t >= to) break;
    let done: ReturnType<typeof snapshot> | undefined;
    ray.advance(() => {
      if (isLater(t, begin)) done = snapshot();
    });
    [changes, passed] = [changes + 1, t];
    yield { piece: done && { from: begin, to: t, ...done }, updates: ray.updates() };
    if (done !== undefined) begin = t;
  }
  yield { piece: { from: begin, to, ...snapshot() }, updates: ray.updates() };
}

/**
 * Every linear piece of a network along the ray `origin + t direction`, from `from` to infinity: the walk through linear
 * regions that Lemma 3.1 and Theorem 3.1 of arXiv 1812.05720 speak of.
 *
 * Nothing is sampled. Each hidden unit is a straight line in t until one before it bends; the trace goes from one bend to
 * the next and carries on only what it changes, so that a bend costs a small part of an evaluation. Breakpoints are exact
 * up to float64 rounding, and those that differ by rounding only are one. A unit that is exactly zero at `from` is taken
 * from what follows. Bends that cancel before they reach a logit make no piece.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param origin - The point at t = 0, flat, d numbers.
 * @param direction - What is added per unit of t, flat, d numbers, not all zero.
 * @returns Pieces in order, each beginning where the one before ends; the last one ends at `to`.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `origin` and `direction` are d
 *   finite numbers each and `direction` is not zero; `INVALID_OPTION` unless `from` is finite and `to` larger.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine, traceRay } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const pieces = traceRay(net, [0, 0], [1, 2]);
 * console.log(pieces.at(-1)?.to); // Infinity
 * console.log(pieces.at(-1)?.slope); // how the logits grow at infinity
 * ```
 */
export function traceRay(
  net: PiecewiseAffine,
  origin: ArrayLike<number>,
  direction: ArrayLike<number>,
  options: RayOptions = {},
): RayPiece[] {
  return [...checkedPieces('traceRay', net, origin, direction, options)];
}
