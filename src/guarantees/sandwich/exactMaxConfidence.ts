import { inputPlane } from '../../regions/planes';
import { sliceRegions } from '../../regions/sliceRegions';
import type { PiecewiseAffine } from '../../regions/types';
import type { Interval } from '../bounds/interval';
import { maxOverPolygon } from './maxOverPolygon';

/**
 * The largest confidence of a network with two inputs over a box, region by region; it is attained, and exact up to 1e-12
 * of its log-odds.
 */
export function exactMaxConfidence(net: PiecewiseAffine, { lower, upper }: Interval): number {
  const box = { x: [lower[0]!, upper[0]!], y: [lower[1]!, upper[1]!] } as const;
  let best = Number.NEGATIVE_INFINITY;
  for (const region of sliceRegions(net, inputPlane, { box }))
    for (let k = 0; k < net.classes; k++) best = Math.max(best, maxOverPolygon(region.vertices, region, k, best));
  return 1 / (1 + Math.exp(-best));
}
