import type { KinkNode, LinearMap } from '../../regions/types';
import { convolutionNorm } from './convolutionNorm';
import { eachColumn } from './eachColumn';

/**
 * A value of which entry i changes by at most `scales[i]` times what entry i of another value does, which has a Lipschitz
 * constant. Batch normalisation and ReLU make such values, and a convolution of one stretches less than the product of the
 * largest scale and its own norm: the scales become factors of its kernel.
 */
export interface Scaled {
  readonly lipschitz: number;
  readonly scales: Float64Array;
  readonly largest: number;
}

/** What is known of the value that a node reads. */
interface Known {
  readonly lipschitz: number;
  readonly scaled?: Scaled | undefined;
}

/** The value that a diagonal matrix makes of another one; undefined for other maps. */
export function scaledByDiagonal(map: LinearMap, input: Known): Scaled | undefined {
  const diagonal = diagonalOf(map);
  return diagonal && scaledBy(input, diagonal.map(Math.abs));
}

/** The value that piecewise linear functions of its entries make of another one that is scaled already. */
export function scaledByKink({ slopes, pieces, size }: KinkNode, input: Known): Scaled | undefined {
  if (input.scaled === undefined) return undefined;
  const steepest = Float64Array.from({ length: size }, (_, i) =>
    slopes.subarray(i * pieces, (i + 1) * pieces).reduce((a, b) => Math.max(a, Math.abs(b)), 0),
  );
  return scaledBy(input, steepest);
}

/** A Lipschitz constant of what a convolution makes of a scaled value; Infinity if the map or the value is another. */
export function stretchOfScaled({ convolution }: LinearMap, { scaled }: Known): number {
  if (convolution === undefined || scaled === undefined) return Number.POSITIVE_INFINITY;
  const { channels } = convolution;
  const ofChannels = new Float64Array(channels);
  for (const [i, scale] of scaled.scales.entries())
    ofChannels[i % channels] = Math.max(ofChannels[i % channels]!, scale);
  return convolutionNorm(convolution, ofChannels) * scaled.lipschitz;
}

function scaledBy({ lipschitz, scaled }: Known, factors: Float64Array): Scaled {
  const scales = scaled === undefined ? factors : factors.map((factor, i) => factor * scaled.scales[i]!);
  return {
    lipschitz: scaled?.lipschitz ?? lipschitz,
    scales,
    largest: scales.reduce((a, b) => Math.max(a, b), 0),
  };
}

function diagonalOf(map: LinearMap): Float64Array | undefined {
  if (map.inputSize !== map.outputSize || map.fanIn !== 1) return undefined;
  const diagonal = new Float64Array(map.inputSize);
  let others = false;
  eachColumn(map, ({ count, entries, values }, j) => {
    diagonal[j] = values[j]!;
    others ||= count > 1 || (count === 1 && entries[0] !== j);
  });
  return others ? undefined : diagonal;
}
