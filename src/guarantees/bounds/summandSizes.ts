import type { AffineGraphNode } from '../../regions/types';
import { type Interval, magnitudes } from './interval';
import type { Relaxation } from './relaxation';

/** For each entry of a node's result, the largest sum of absolute values of what is added up for it. */
export function summandSizes(
  node: AffineGraphNode,
  inputs: readonly Interval[],
  relaxation: Relaxation | undefined,
): Float64Array {
  const read = inputs.map(magnitudes);
  switch (node.kind) {
    case 'affine': {
      const sizes = node.offset?.map(Math.abs) ?? new Float64Array(node.size);
      node.map.absolute().addTo(sizes, read[0]!, 1);
      return sizes;
    }
    case 'sum':
      return read[0]!.map((_, i) => read.reduce((total, size) => total + size[i]!, 0));
    default: {
      const { below, above } = relaxation!;
      const sizeOf = ({ slopes, intercepts, entries }: Relaxation['below'], i: number) =>
        Math.abs(slopes[i]!) * read[0]![entries[i]!]! + Math.abs(intercepts[i]!);
      return Float64Array.from({ length: node.size }, (_, i) => Math.max(sizeOf(below, i), sizeOf(above, i)));
    }
  }
}
