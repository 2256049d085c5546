import type { LinearMap } from '../../regions/types';
import { convolutionNorm } from './convolutionNorm';
import { eachColumn } from './eachColumn';
import { gramNorm } from './gramNorm';

/** Upper bounds on how much a linear map stretches, for Euclidean lengths. */
export interface MapNorms {
  /** Of A itself. */
  readonly spectral: number;
  /** Of the matrix of absolute values, which bounds what rounding can do. */
  readonly absolute: number;
  /** The most products that one entry of A x sums. */
  readonly fanIn: number;
}

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

/** Up to this size the smaller Gram matrix is formed; its powers cost as much as the cube of the size. */
const LARGEST_GRAM = 400;

/**
 * Safe upper bounds on the norms of a map: `|A| <= sqrt(|A|_1 |A|_inf)` and `|A| <= |A|_F`, both true for the absolute
 * values as well, and the far tighter {@link gramNorm} for small maps and {@link convolutionNorm} for convolutions. Power iteration
 * would give lower bounds.
 */
export function mapNorms(map: LinearMap): MapNorms {
  const rowSums = new Float64Array(map.outputSize);
  const rowCounts = new Int32Array(map.outputSize);
  let largestColumn = 0;
  let squares = 0;
  eachColumn(map, ({ count, entries, values }) => {
    let columnSum = 0;
    for (let k = 0; k < count; k++) {
      const i = entries[k]!;
      const size = Math.abs(values[i]!);
      if (size === 0) continue;
      columnSum += size;
      squares += size * size;
      rowSums[i]! += size;
      rowCounts[i]!++;
    }
    largestColumn = Math.max(largestColumn, columnSum);
  });
  const largestRow = rowSums.reduce((a, b) => Math.max(a, b), 0);
  const absolute = ROUNDING * Math.min(Math.sqrt(largestColumn * largestRow), Math.sqrt(squares));
  return {
    spectral: Math.min(absolute, tighterNorm(map)),
    absolute,
    fanIn: rowCounts.reduce((a, b) => Math.max(a, b), 0),
  };
}

function tighterNorm(map: LinearMap): number {
  if (Math.min(map.inputSize, map.outputSize) <= LARGEST_GRAM) return gramNorm(map);
  return map.convolution ? convolutionNorm(map.convolution) : Number.POSITIVE_INFINITY;
}
