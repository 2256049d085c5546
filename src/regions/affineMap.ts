import type { Pausing } from '../core/pausing';
import { createRng } from '../core/rng';
import { checkVector } from './checkVector';
import { decideAt } from './pass/applyNode';
import { follow, pull, pulling, push } from './pass/push';
import { COPIES, disturb, slopeOf, uncertainty } from './pass/rounding';
import type { Pattern, PiecewiseAffine } from './types';

/** The affine function that a network is in one linear region: f(z) = V z + a. */
export interface AffineMap {
  /** K x d, row-major: row k is the gradient of logit k. */
  readonly V: Float64Array;
  /** K numbers. */
  readonly a: Float64Array;
}

/**
 * The affine function `f(z) = V z + a` that the network is in the linear region of an input: V^(L+1) and a^(L+1) of
 * Section 2 of arXiv 1812.05720.
 *
 * It costs one evaluation, K backward passes for V and one forward pass for a; no matrix of a hidden layer is formed.
 *
 * @param net - A network read by {@link toPiecewiseAffine}.
 * @param x - One input, flat, d numbers. On a boundary the convention of {@link activationPattern} picks the region.
 * @returns V, K x d row-major, and a.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE` or `NON_FINITE` unless `x` is d finite numbers.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { affineMap, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * const { V, a } = affineMap(net, [0.5, -0.5]);
 * console.log(V.length, a.length); // 6 3
 * ```
 */
export function affineMap(net: PiecewiseAffine, x: ArrayLike<number>): AffineMap {
  const point = checkVector({ fn: 'affineMap', argument: 'x' }, net, x);
  return affineUnder(net, push(net, point, { count: 1, points: 1 }, decideAt).pattern);
}

/** The affine function that belongs to a pattern. */
export function affineUnder(net: PiecewiseAffine, pattern: Pattern): AffineMap {
  const { classes, inputSize, output } = net;
  const identity = new Float64Array(classes * classes);
  for (let k = 0; k < classes; k++) identity[k * classes + k] = 1;
  return {
    V: pull(net, pattern, new Map([[output, identity]]), classes),
    a: push(net, new Float64Array(inputSize), { count: 1, points: 1 }, follow(pattern)).outputs,
  };
}

/** Whether two rows of V are the same, as far as rounding can tell: their difference is pulled back to the input. */
export function* haveSameRows(net: PiecewiseAffine, pattern: Pattern, j: number, k: number): Pausing<boolean> {
  const rng = createRng(1812);
  const count = 1 + COPIES;
  const forms = new Float64Array(count * net.classes);
  for (let row = 0; row < count; row++) {
    forms[row * net.classes + j] = 1;
    forms[row * net.classes + k] = -1;
  }
  // What is added up to the coefficients on a value, by the value's number.
  const sizes = net.nodes.map(({ size }) => new Float64Array(size));
  sizes.unshift(new Float64Array(net.inputSize));
  const rows = yield* pulling(net, pattern, new Map([[net.output, forms]]), count, (n, form) => {
    disturb(form, sizes[n + 1]!, 1, rng);
    const node = net.nodes[n]!;
    const own = form.slice(0, node.size).map(Math.abs);
    for (const id of node.inputs) {
      const before = sizes[id]!;
      if (node.kind === 'affine') node.map.absolute().addTransposedTo(before, own, 1);
      else if (node.kind === 'sum') for (let i = 0; i < own.length; i++) before[i]! += own[i]!;
      else if (node.kind === 'kink')
        for (let i = 0; i < own.length; i++) before[i]! += Math.abs(slopeOf(node, i, pattern[n]![i]!)) * own[i]!;
    }
  });
  disturb(rows, sizes[0]!, 1, rng);
  for (let i = 0; i < net.inputSize; i++)
    if (Math.abs(rows[i]!) > uncertainty(rows, net.inputSize, 0, 1, i)) return false;
  return true;
}
