import { applyNode } from '../../regions/pass/applyNode';
import { decideAt } from '../../regions/pass/decideAt';
import type { AffineGraphNode, AffineNode, KinkNode, MaxNode, PiecewiseAffine } from '../../regions/types';
import { mapNorms } from './mapNorms';
import { roundoff } from './roundoff';
import { type Scaled, scaledByDiagonal, scaledByKink, stretchOfScaled } from './scaled';

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
 * has an error of at most `|A| e + u (| |A| | (l + L r + e) + |b|)`, u being the unit of {@link roundoff}. Piecewise linear
 * functions of single entries multiply both by their steepest slope, maxima by the root of how often an entry is a member.
 */
export function networkGrowth(net: PiecewiseAffine, centre: Float64Array): NetworkGrowth {
  const values = [centre];
  const growths: ValueGrowth[] = [{ length: lengthOf(centre), lipschitz: 1, error: NOTHING, peak: NOTHING }];
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

type Growth = Omit<ValueGrowth, 'length'>;

function grow(node: AffineGraphNode, inputs: readonly ValueGrowth[]): Growth {
  switch (node.kind) {
    case 'affine':
      return growAffine(node, inputs[0]!);
    case 'sum':
      return growSum(inputs);
    case 'kink':
      return growKink(node, inputs[0]!);
    case 'max':
      return stretched(inputs[0]!, Math.sqrt(mostMemberships(node)), { relative: 0, constant: 0, terms: 0 });
  }
}

function growAffine({ map, offset, offsetSizes }: AffineNode, input: ValueGrowth): Growth {
  const { spectral, absolute, fanIn } = mapNorms(map);
  const sizes = offsetSizes ?? offset;
  const constant = sizes === undefined ? 0 : lengthOf(sizes);
  const growth = stretched(input, spectral, { relative: absolute, constant, terms: fanIn + 1 });
  return closer(growth, stretchOfScaled(map, input), scaledByDiagonal(map, input));
}

function growKink(node: KinkNode, input: ValueGrowth): Growth {
  const steepest = node.slopes.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const constant = lengthOf(node.intercepts);
  const growth = stretched(input, steepest, { relative: steepest, constant, terms: 2 });
  return closer(growth, Number.POSITIVE_INFINITY, scaledByKink(node, input));
}

/** A growth with another Lipschitz constant, if that is smaller, and with its scales. */
function closer(growth: Growth, lipschitz: number, scaled: Scaled | undefined): Growth {
  const most = scaled === undefined ? lipschitz : Math.min(lipschitz, scaled.lipschitz * scaled.largest);
  return { ...growth, lipschitz: Math.min(growth.lipschitz, most), scaled };
}

/** What a step adds to the error: `u(terms) (relative * length of the input + constant)`. */
interface Rounding {
  readonly relative: number;
  readonly constant: number;
  readonly terms: number;
}

function stretched(
  { length, lipschitz, error }: ValueGrowth,
  factor: number,
  { relative, constant, terms }: Rounding,
): Growth {
  const unit = roundoff(terms);
  const peak = {
    atCentre: relative * (length + error.atCentre) + constant,
    perUnit: relative * (lipschitz + error.perUnit),
  };
  return {
    lipschitz: factor * lipschitz,
    error: {
      atCentre: factor * error.atCentre + unit * peak.atCentre,
      perUnit: factor * error.perUnit + unit * peak.perUnit,
    },
    peak,
  };
}

function growSum(inputs: readonly ValueGrowth[]): Growth {
  const total = (of: (growth: ValueGrowth) => number) => inputs.reduce((sum, growth) => sum + of(growth), 0);
  const unit = roundoff(inputs.length);
  const peak = {
    atCentre: total(({ length, error }) => length + error.atCentre),
    perUnit: total(({ lipschitz, error }) => lipschitz + error.perUnit),
  };
  return {
    lipschitz: total(({ lipschitz }) => lipschitz),
    error: {
      atCentre: total(({ error }) => error.atCentre) + unit * peak.atCentre,
      perUnit: total(({ error }) => error.perUnit) + unit * peak.perUnit,
    },
    peak,
  };
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
