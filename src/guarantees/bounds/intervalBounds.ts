import { refuse } from '../../core/check';
import { checkVector } from '../../regions/checkVector';
import { repeated } from '../../regions/pass/rounding';
import type { AffineGraphNode, AffineNode, KinkNode, MaxNode, PiecewiseAffine } from '../../regions/types';
import { dualNorms } from './ball';
import { centred, type Domain, type Interval, roundoff64, UNDERFLOW, withoutNaN } from './interval';
import { kinkExtremes } from './relaxation';

/**
 * Bounds of the logits over a box of inputs, by interval bound propagation: what each operation of the network can return
 * at least and at most, given what the operations before it can.
 *
 * An affine map sends `c +- r` to `A c + b +- |A| r`; ReLUs and maxima are monotone. The bounds hold for the network in exact
 * arithmetic: every operation is rounded outwards, by a bound on what float64 can lose in it. Over a single point they are
 * as tight as that; over a box they are the looser the deeper the network is, because operations forget what they share.
 * What float32 makes of the logits is not in them, nor is a softmax layer.
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

/** Two vectors of the input, the lower one nowhere above the upper one, copied to float64. */
function checkBox(fn: string, net: PiecewiseAffine, lower: ArrayLike<number>, upper: ArrayLike<number>): Interval {
  const low = checkVector({ fn, argument: 'lower' }, net, lower);
  const high = checkVector({ fn, argument: 'upper' }, net, upper);
  const wrong = low.findIndex((value, i) => value > high[i]!);
  if (wrong >= 0)
    refuse(
      { fn, argument: 'upper' },
      'OUT_OF_BOUNDS',
      'nowhere below `lower`',
      `${high[wrong]} where \`lower\` is ${low[wrong]} (entry ${wrong})`,
      'Swap the two.',
    );
  return { lower: low, upper: high };
}

/** Bounds of the result of one node in exact arithmetic, given bounds of the values it reads. */
export function nodeInterval(node: AffineGraphNode, inputs: readonly Domain[]): Interval {
  switch (node.kind) {
    case 'affine':
      return withoutNaN(affine(node, inputs[0]!));
    case 'sum':
      return withoutNaN(sum(inputs));
    case 'kink':
      return kink(node, inputs[0]!);
    case 'max':
      return largest(node, inputs[0]!);
  }
}

/** Over inputs in a ball, what is true over the box and over the ball: `|A (v - c)|` is at most its radius times the dual norms of A. */
function affine(node: AffineNode, input: Domain): Interval {
  const { centre, radius } = centred(input);
  const overBox = affineAbout(node, centre, radius);
  const { ball } = input;
  if (ball === undefined) return overBox;
  const reach = dualNorms(ball.norm, node.map).map((norm) => norm * ball.radius);
  const overBall = affineAbout(node, ball.centre, new Float64Array(ball.centre.length), reach);
  return {
    lower: overBox.lower.map((value, i) => Math.max(value, overBall.lower[i]!)),
    upper: overBox.upper.map((value, i) => Math.min(value, overBall.upper[i]!)),
  };
}

/**
 * With v in c +- r, `|A v + b - fl(A c + b)| <= (|A| r + u (|A| |c| + |b|)) (1 + u)`. As u, {@link roundoff64}, is more than twice
 * what a product with A or |A| loses, that also covers the rounding of r, of the right side and of the two ends. More of A v
 * than r allows may be given as `more`.
 */
function affineAbout(
  { map, offset, size }: AffineNode,
  centre: Float64Array,
  radius: Float64Array,
  more?: Float64Array,
): Interval {
  const unit = roundoff64(map.inputSize);
  const shift = repeated(offset, size);
  const middle = shift.slice();
  map.addTo(middle, centre, 1);
  const reach = more?.slice() ?? new Float64Array(size);
  const spread = radius.map((r, i) => r + unit * Math.abs(centre[i]!));
  map.absolute().addTo(reach, spread, 1);
  for (let i = 0; i < size; i++) reach[i] = (reach[i]! + unit * Math.abs(shift[i]!)) * (1 + unit) + UNDERFLOW;
  return {
    lower: middle.map((value, i) => value - reach[i]!),
    upper: middle.map((value, i) => value + reach[i]!),
  };
}

function sum(inputs: readonly Interval[]): Interval {
  const unit = roundoff64(inputs.length);
  const total = (of: (input: Interval) => Float64Array, direction: 1 | -1) =>
    of(inputs[0]!).map((_, i) => {
      let [value, size] = [0, 0];
      for (const input of inputs) {
        value += of(input)[i]!;
        size += Math.abs(of(input)[i]!);
      }
      return value + direction * unit * size;
    });
  return { lower: total(({ lower }) => lower, -1), upper: total(({ upper }) => upper, 1) };
}

function kink(node: KinkNode, { lower, upper }: Interval): Interval {
  const extremes = Array.from(lower, (low, i) => kinkExtremes(node, i, low, upper[i]!));
  return {
    lower: Float64Array.from(extremes, ({ least }) => least),
    upper: Float64Array.from(extremes, ({ most }) => most),
  };
}

/** A maximum rounds nothing, and it grows with each of its members. */
function largest({ size, starts, members }: MaxNode, { lower, upper }: Interval): Interval {
  const over = (values: Float64Array) =>
    Float64Array.from({ length: size }, (_, g) => {
      let most = Number.NEGATIVE_INFINITY;
      for (let m = starts[g]!; m < starts[g + 1]!; m++) most = Math.max(most, values[members[m]!]!);
      return most;
    });
  return { lower: over(lower), upper: over(upper) };
}
