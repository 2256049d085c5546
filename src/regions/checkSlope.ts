import { refuse } from '../core/check';
import { checkVector } from './checkVector';
import type { PiecewiseAffine } from './types';

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
