import { refuse, show } from '../core/check';
import { checkVector } from '../regions/checkVector';
import type { PiecewiseAffine } from '../regions/types';

/** A point through which a ray from the origin goes: d finite numbers, not all zero; copied to float64. */
export function checkDirection(fn: string, net: PiecewiseAffine, x: ArrayLike<number>): Float64Array {
  checkNet(fn, 'net', net);
  const point = checkVector({ fn, argument: 'x' }, net, x);
  if (point.every((value) => value === 0))
    refuse({ fn, argument: 'x' }, 'INVALID_ARGUMENT', 'a point other than the origin', 'zeros', 'alpha * 0 stays 0.');
  return point;
}

/** A network that has been read by `toPiecewiseAffine`. */
export function checkNet(fn: string, argument: string, net: unknown): asserts net is PiecewiseAffine {
  if (net === null || typeof net !== 'object' || !('nodes' in net && 'inputSize' in net))
    refuse(
      { fn, argument },
      'INVALID_ARGUMENT',
      'a PiecewiseAffine',
      show(net),
      "Read the model with toPiecewiseAffine from 'relu-overconfidence/regions'.",
    );
}
