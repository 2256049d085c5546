import { checkPositive, checkWhole, refuse, show, type Where } from '../../core/check';

/** An {@link RbfNetwork} whose arrays have the lengths they must have and hold finite numbers. */
export function checkRbf(fn: string, net: RbfNetwork): void {
  const where = { fn, argument: 'net' };
  if (net === null || typeof net !== 'object' || !('centres' in net))
    refuse(where, 'INVALID_ARGUMENT', 'an RbfNetwork', show(net), 'Make one with rbfNetwork({ x, y }).');
  const { inputShape, inputSize, classes, centres, gamma, weights } = net;
  checkWhole({ fn, argument: 'net.inputSize' }, inputSize);
  checkWhole({ fn, argument: 'net.classes' }, classes, 2);
  checkPositive({ fn, argument: 'net.gamma' }, gamma);
  const count = centres.length / inputSize;
  const fits = Number.isInteger(count) && count > 0 && weights.length === classes * count;
  if (!fits || inputShape.reduce((product, size) => product * size, 1) !== inputSize)
    refuse(
      where,
      'INVALID_SHAPE',
      `M x ${inputSize} centres, ${classes} x M weights and a shape of ${inputSize} entries`,
      `${centres.length} and ${weights.length} numbers and the shape [${inputShape.join(', ')}]`,
      'Look at what changed these arrays.',
    );
  checkNumbers({ fn, argument: 'net.centres' }, centres);
  checkNumbers({ fn, argument: 'net.weights' }, weights);
}

/** A list of finite numbers that is not empty. */
export function checkNumbers(where: Where, values: ArrayLike<number>): void {
  if (values === null || typeof values !== 'object' || !Number.isInteger(values.length))
    refuse(where, 'INVALID_ARGUMENT', 'a list of numbers', show(values), 'Read tensors with `await t.data()`.');
  if (values.length === 0) refuse(where, 'EMPTY_INPUT', 'at least one number', 'an empty list', 'Check the data.');
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]))
      refuse(
        where,
        'NON_FINITE',
        'finite numbers',
        `${show(values[i])} at index ${i}`,
        'Look for an unset value in what made it.',
      );
}

/**
 * A radial basis function network: logits `f_k(x) = sum_l a_kl exp(-gamma |x - c_l|^2)`, without a bias, as in Theorem 3.2
 * of arXiv 1812.05720. Plain numbers, so it may also be written down by hand.
 */
export interface RbfNetwork {
  /** Shape of one input, without the batch axis. */
  readonly inputShape: readonly number[];
  /** Number d of entries of an input. */
  readonly inputSize: number;
  /** Number of classes K >= 2. */
  readonly classes: number;
  /** The M centres c_l, row after row: M x d. */
  readonly centres: Float64Array;
  /** How fast a centre's influence falls with the squared distance, in 1 / (input units)^2; > 0. */
  readonly gamma: number;
  /** The weights a_kl, row after row: K x M. */
  readonly weights: Float64Array;
}
