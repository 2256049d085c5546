import { clear, noChanges } from '../../regions/maps/changes';
import type { LinearMap } from '../../regions/types';
import { convolutionNorm } from './convolutionNorm';
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
  const { inputSize, outputSize } = map;
  const rowSums = new Float64Array(outputSize);
  const rowCounts = new Int32Array(outputSize);
  const x = noChanges(inputSize);
  const y = noChanges(outputSize);
  let largestColumn = 0;
  let squares = 0;
  x.count = 1;
  for (let j = 0; j < inputSize; j++) {
    x.entries[0] = j;
    x.values[j] = 1;
    map.spread(y, x);
    x.values[j] = 0;
    let columnSum = 0;
    for (let k = 0; k < y.count; k++) {
      const i = y.entries[k]!;
      const size = Math.abs(y.values[i]!);
      if (size === 0) continue;
      columnSum += size;
      squares += size * size;
      rowSums[i]! += size;
      rowCounts[i]!++;
    }
    largestColumn = Math.max(largestColumn, columnSum);
    clear(y);
  }
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
