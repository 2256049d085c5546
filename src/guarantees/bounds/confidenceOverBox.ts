import type { PiecewiseAffine } from '../../regions/types';
import { largestConfidence } from '../wrapper/rowBound';
import { differenceBounds } from './differenceBounds';
import { float32Errors } from './float32Errors';
import type { Interval } from './interval';
import { linearBounds } from './linearBounds';
import type { Arithmetic } from './linfBox';

/** How bounds are propagated: see `certifiedMaxConfidence`. */
export type BoundMethod = 'interval' | 'crown';

/** An upper bound on the confidence at every point of a box. */
export function confidenceOverBox(
  net: PiecewiseAffine,
  box: Interval,
  method: BoundMethod,
  arithmetic: Arithmetic,
): number {
  const known = linearBounds(net, box, method === 'crown');
  const differences = differenceBounds(net, known, method === 'crown');
  const errors = arithmetic === 'float32' ? float32Errors(net, known.bounds) : new Float64Array(net.classes);
  const moved = differences.map((bound, pair) => {
    const [k, j] = [Math.floor(pair / net.classes), pair % net.classes];
    return bound + errors[k]! + errors[j]!;
  });
  const confidence = largestConfidence(moved, net.classes);
  return Number.isNaN(confidence) ? 1 : confidence;
}
