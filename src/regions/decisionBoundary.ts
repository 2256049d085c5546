import { type Labelled, lineOfLabel, outlineOf, winners } from './slice/clipRing';
import { sizesOf } from './slice/line';
import type { BoundaryPiece, Region2d } from './sliceTypes';

/**
 * The decision boundary in a plane, as straight pieces: where, inside a region, the two largest logits are equal. Where
 * it runs along the edge between two regions it is not listed.
 *
 * @param regions - Regions of {@link sliceRegions}.
 * @returns Segments and, where the boundary goes to infinity, rays. A whole line comes as two rays.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { decisionBoundary, inputPlane, sliceRegions, toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [8], classes: 2, seed: 1 }));
 * for (const { classes, from, to, direction } of decisionBoundary(sliceRegions(net, inputPlane)))
 *   console.log(classes, from, to ?? direction); // [ 0, 1 ] [ s, t ] [ s, t ]
 * ```
 */
export function decisionBoundary(regions: readonly Region2d[]): BoundaryPiece[] {
  return regions.flatMap((region) => {
    const classes = region.intercept.length;
    const z = new Float64Array(3 * classes);
    z.set(region.intercept);
    for (let k = 0; k < classes; k++) {
      z[classes + k] = region.slope[2 * k]!;
      z[2 * classes + k] = region.slope[2 * k + 1]!;
    }
    const members = Int32Array.from({ length: classes }, (_, k) => k);
    return winners(outlineOf(region), { z, members, ...sizesOf(z) }).flatMap(piecesOf);
  });
}

/** The edges of the part where one class wins that it shares with a higher class. */
function piecesOf({ winner, ring }: { readonly winner: number; readonly ring: readonly Labelled[] }): BoundaryPiece[] {
  return ring.flatMap(({ corner, label }, i) => {
    const other = lineOfLabel(label);
    if (other === undefined || other < winner) return [];
    const next = ring[(i + 1) % ring.length]!.corner;
    const [start, end] = corner.w === 1 ? [corner, next] : [next, corner];
    const reached: readonly [number, number] = [end.x, end.y];
    return [
      {
        classes: [winner, other] as const,
        from: [start.x, start.y] as const,
        to: end.w === 1 ? reached : undefined,
        direction: end.w === 0 ? reached : undefined,
      },
    ];
  });
}
