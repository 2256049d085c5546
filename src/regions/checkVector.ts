import { refuse, show, type Where } from '../core/check';
import type { PiecewiseAffine } from './types';

/** What the input of a network looks like. */
type Input = Pick<PiecewiseAffine, 'inputShape' | 'inputSize'>;

/** A list of as many finite numbers as an input has, copied to float64. */
export function checkVector(where: Where, net: Input, x: ArrayLike<number>): Float64Array {
  if (x === null || typeof x !== 'object' || typeof x.length !== 'number')
    refuse(where, 'INVALID_ARGUMENT', 'a list of numbers', show(x), 'Pass a Float64Array or an array of numbers.');
  if (x.length !== net.inputSize)
    refuse(
      where,
      'INVALID_SHAPE',
      `${net.inputSize} numbers, one input of shape [${net.inputShape.join(', ')}] laid out flat`,
      `${x.length} numbers`,
      'Pass one input at a time, row after row, the channel changing fastest.',
    );
  const copy = Float64Array.from(x);
  const bad = copy.find((value) => !Number.isFinite(value));
  if (bad !== undefined)
    refuse(
      where,
      'NON_FINITE',
      'finite numbers',
      `a list that holds ${bad}`,
      'Look for an unset value in what made it.',
    );
  return copy;
}

/** The argument `direction` of a ray: as many finite numbers as an input has, not all zero; copied to float64. */
export function checkSlope(
  fn: string,
  net: Pick<PiecewiseAffine, 'inputShape' | 'inputSize'>,
  direction: ArrayLike<number>,
): Float64Array {
  const where = { fn, argument: 'direction' };
  const slope = checkVector(where, net, direction);
  if (slope.every((value) => value === 0))
    refuse(where, 'INVALID_ARGUMENT', 'a direction', 'zeros', 'Pass a vector that is not zero.');
  return slope;
}
