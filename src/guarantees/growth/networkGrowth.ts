import { applyNode, decideAt } from '../../regions/pass/applyNode';
import { repeated, steepestSlopes } from '../../regions/pass/rounding';
import type {
  AffineGraphNode,
  AffineNode,
  KinkNode,
  LinearMap,
  MaxNode,
  PiecewiseAffine,
  SumNode,
} from '../../regions/types';
import { convolutionNorm, eachColumn, mapNorms } from './mapNorms';
import {
  type FastConvolution,
  FLUSHED,
  FLUSHED_DIVIDED,
  fastConvolution,
  flushedShifts,
  flushedSum,
  gamma,
  roundoff,
  roundoffOfSum,
} from './roundoff';

/** A quantity that is at most `atCentre + perUnit * r` at a distance r from the centre. */
export interface Affine {
  readonly atCentre: number;
  readonly perUnit: number;
}

/** How far a value of a network can be from its value at the centre. */
export interface ValueGrowth {
  /** Its Euclidean length at the centre. */
  readonly length: number;
  /** A Lipschitz constant, for Euclidean lengths. */
  readonly lipschitz: number;
  /** A closer description, if there is one. */
  readonly scaled?: Scaled | undefined;
  /** Euclidean length of the error of a float32 evaluation. */
  readonly error: Affine;
  /** The part of it that the node itself has added. */
  readonly rounding: Affine;
  /** No number that comes up in a float32 evaluation is larger. */
  readonly peak: Affine;
}

/** Everything {@link networkGrowth} found out. */
export interface NetworkGrowth {
  /** Growth of the value `i` of the network: 0 is the input, i + 1 the result of node i. */
  readonly growths: readonly ValueGrowth[];
  /** The output at the centre, in float64. */
  readonly output: Float64Array;
}

const NOTHING: Affine = { atCentre: 0, perUnit: 0 };

/**
 * Lipschitz constants of all values of a network, and bounds on what float32 makes of them, as functions of the distance r
 * from a centre.
 *
 * A node `A v + b` multiplies Lipschitz constants by `|A|`. If its input has length at most `l + L r` and error e, its result
 * has an error of at most `|A| e + u (| |A| | (l + L r + e) + |b|)`, u being {@link roundoffOfSum}, or, if that is more, the one of
 * {@link fastConvolution}. Piecewise linear functions of single entries multiply both by their steepest slope, maxima by the root of how
 * often an entry is a member. To all errors comes what is lost where numbers are too small for float32.
 */
export function networkGrowth(net: PiecewiseAffine, centre: Float64Array): NetworkGrowth {
  const values = [centre];
  const growths: ValueGrowth[] = [
    { length: lengthOf(centre), lipschitz: 1, error: NOTHING, rounding: NOTHING, peak: NOTHING },
  ];
  for (const node of net.nodes) {
    const inputs = node.inputs.map((id) => values[id]!);
    const states = node.kind === 'kink' || node.kind === 'max' ? decideAt(node, inputs[0]!) : undefined;
    const value = applyNode(node, inputs, states, { count: 1, points: 1 });
    values.push(value);
    growths.push({
      length: lengthOf(value),
      ...grow(
        node,
        node.inputs.map((id) => growths[id]!),
      ),
    });
  }
  return { growths, output: values[net.output]! };
}

/** The Euclidean length of a vector. */
export function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

/** The same of one that repeats along `size` entries, of zeros if there is none. */
function lengthOfRepeated(values: Float64Array | undefined, size: number): number {
  return values === undefined ? 0 : Math.sqrt(size / values.length) * lengthOf(values);
}

type Growth = Omit<ValueGrowth, 'length'>;

function grow(node: AffineGraphNode, inputs: readonly ValueGrowth[]): Growth {
  switch (node.kind) {
    case 'affine':
      return growAffine(node, inputs[0]!);
    case 'sum':
      return growSum(node, inputs);
    case 'kink':
      return growKink(node, inputs[0]!);
    case 'max':
      return stretched(inputs[0]!, Math.sqrt(mostMemberships(node)), {
        error: { atCentre: Math.sqrt(node.size) * FLUSHED, perUnit: 0 },
        peak: NOTHING,
      });
  }
}

function growAffine(node: AffineNode, input: ValueGrowth): Growth {
  const { map, offset, offsetSizes, deviation = 1, size } = node;
  const { spectral, absolute, fanIn } = mapNorms(map);
  const sizes = offsetSizes ?? offset;
  const constant = lengthOfRepeated(sizes, size);
  const read = lengthRead(input);
  const summed = plus(times(absolute, read), constant);
  const small = offsetSizes ? FLUSHED_DIVIDED : FLUSHED;
  const flushed = times(Math.sqrt(size) * FLUSHED * fanIn, read);
  const lost = small * (absolute * Math.sqrt(map.inputSize) + Math.sqrt(size)) + Math.sqrt(size) * flushedSum(fanIn, 0);
  const plain = plus(sum(times(roundoffOfSum(fanIn), summed), flushed), lost + lengthOf(flushedShifts(node)));
  const averaged = larger(times(Math.max(1, deviation), summed), times(fanIn, read));
  const fast = fastConvolution(map);
  const rounding = fast === undefined ? { error: plain, peak: averaged } : fastRounding(fast, read, summed, size);
  const most = { error: larger(plain, rounding.error), peak: larger(averaged, rounding.peak) };
  return closer(stretched(input, spectral, most), stretchOfScaled(map, input), scaledByDiagonal(map, input));
}

function fastRounding(fast: FastConvolution, read: Affine, summed: Affine, size: number): Rounding {
  const flushed = { atCentre: fast.flushed(read.atCentre), perUnit: fast.flushed(read.perUnit) };
  return {
    // A bias is added to the result.
    error: sum(sum(times(fast.norm, read), times(gamma(2), summed)), times(Math.sqrt(size), flushed)),
    peak: plus(times(fast.growth, read), fast.largestWeight),
  };
}

function growKink(node: KinkNode, input: ValueGrowth): Growth {
  const steepest = node.slopes.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const constant = lengthOfRepeated(node.intercepts, node.size * node.pieces);
  const read = lengthRead(input);
  const summed = plus(times(steepest, read), constant);
  const flushed = plus(times(Math.sqrt(node.size) * FLUSHED, read), Math.sqrt(node.size) * FLUSHED * (steepest + 3));
  const growth = stretched(input, steepest, { error: sum(times(roundoff(2), summed), flushed), peak: summed });
  return closer(growth, Number.POSITIVE_INFINITY, scaledByKink(node, input));
}

/** A growth with another Lipschitz constant, if that is smaller, and with its scales. */
function closer(growth: Growth, lipschitz: number, scaled: Scaled | undefined): Growth {
  const most = scaled === undefined ? lipschitz : Math.min(lipschitz, scaled.lipschitz * scaled.largest);
  return { ...growth, lipschitz: Math.min(growth.lipschitz, most), scaled };
}

/** What a step adds to the error, and what nothing in it exceeds. */
interface Rounding {
  readonly error: Affine;
  readonly peak: Affine;
}

function stretched({ lipschitz, error }: ValueGrowth, factor: number, rounding: Rounding): Growth {
  return {
    lipschitz: factor * lipschitz,
    error: sum(times(factor, error), rounding.error),
    rounding: rounding.error,
    peak: rounding.peak,
  };
}

function growSum(node: SumNode, inputs: readonly ValueGrowth[]): Growth {
  const total = (of: (growth: ValueGrowth) => Affine) => inputs.map(of).reduce(sum, NOTHING);
  const peak = total(lengthRead);
  const lost = Math.sqrt(node.size) * flushedSum(inputs.length, 0);
  const rounding = plus(times(roundoff(inputs.length), peak), lost);
  return {
    lipschitz: inputs.reduce((most, { lipschitz }) => most + lipschitz, 0),
    error: sum(
      total(({ error }) => error),
      rounding,
    ),
    rounding,
    peak,
  };
}

/** The length that a value has at most in float32. */
export function lengthRead({ length, lipschitz, error }: ValueGrowth): Affine {
  return { atCentre: length + error.atCentre, perUnit: lipschitz + error.perUnit };
}

export function times(factor: number, { atCentre, perUnit }: Affine): Affine {
  return { atCentre: factor * atCentre, perUnit: factor * perUnit };
}

export function plus({ atCentre, perUnit }: Affine, constant: number): Affine {
  return { atCentre: atCentre + constant, perUnit };
}

export function sum(a: Affine, b: Affine): Affine {
  return { atCentre: a.atCentre + b.atCentre, perUnit: a.perUnit + b.perUnit };
}

/** Not below any of the two. */
function larger(a: Affine, b: Affine): Affine {
  return { atCentre: Math.max(a.atCentre, b.atCentre), perUnit: Math.max(a.perUnit, b.perUnit) };
}

/** In how many groups the entry is that is in the most. */
function mostMemberships({ members }: MaxNode): number {
  const counts = new Map<number, number>();
  let most = 0;
  for (const member of members) {
    const count = (counts.get(member) ?? 0) + 1;
    counts.set(member, count);
    most = Math.max(most, count);
  }
  return most;
}

/**
 * A value of which entry i changes by at most `scales[i]` times what entry i of another value does, which has a Lipschitz
 * constant. Batch normalisation and ReLU make such values, and a convolution of one stretches less than the product of the
 * largest scale and its own norm: the scales become factors of its kernel.
 */
interface Scaled {
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
function scaledByKink(node: KinkNode, input: Known): Scaled | undefined {
  if (input.scaled === undefined) return undefined;
  return scaledBy(input, repeated(steepestSlopes(node), node.size));
}

/** A Lipschitz constant of what a convolution makes of a scaled value; Infinity if the map or the value is another. */
function stretchOfScaled({ convolution }: LinearMap, { scaled }: Known): number {
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
