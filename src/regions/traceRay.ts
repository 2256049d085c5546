import { checkedPieces, type RayOptions, type RayPiece } from './rayPieces';
import type { PiecewiseAffine } from './types';

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
