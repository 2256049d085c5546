import type { PiecewiseAffine } from '../../regions/types';
import { checkBox } from './checkBox';
import type { Interval } from './interval';
import { nodeInterval } from './nodeInterval';

/**
 * Bounds of the logits over a box of inputs, by interval bound propagation: what each operation of the network can return
 * at least and at most, given what the operations before it can.
 *
 * An affine map sends `c +- r` to `A c + b +- |A| r`; ReLUs and maxima are monotone. The bounds hold for the network in exact
 * arithmetic: every operation is rounded outwards, by a bound on what float64 can lose in it. Over a single point they are
 * as tight as that; over a box they are the looser the deeper the network is, because operations forget what they share.
 *
 * @param net - A network read by `toPiecewiseAffine`.
 * @param lower - Lower corner of the box, flat, d numbers.
 * @param upper - Upper corner of the box, flat, d numbers.
 * @returns Bounds of the K logits; infinite where float64 overflows.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless both are d finite numbers;
 *   `OUT_OF_BOUNDS` if `upper` is somewhere below `lower`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { intervalBounds } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const { lower, upper } = intervalBounds(net, [0.4, 0.4], [0.6, 0.6]);
 * console.log(lower, upper); // Float64Array(3) [ ... ] Float64Array(3) [ ... ]
 * ```
 */
export function intervalBounds(net: PiecewiseAffine, lower: ArrayLike<number>, upper: ArrayLike<number>): Interval {
  return allIntervals(net, checkBox('intervalBounds', net, lower, upper))[net.output]!;
}

/** Bounds of every value of the network over a box: 0 is the input, i + 1 the result of node i. */
export function allIntervals(net: PiecewiseAffine, box: Interval): Interval[] {
  const bounds = [box];
  for (const node of net.nodes)
    bounds.push(
      nodeInterval(
        node,
        node.inputs.map((id) => bounds[id]!),
      ),
    );
  return bounds;
}
