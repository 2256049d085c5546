import * as tf from '@tensorflow/tfjs-core';
import { isClassifier } from '../../classifier/classifier';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier, ModelLike } from '../../classifier/types';
import { isLayersModel } from '../../classifier/walkGraph';
import { checkPositive, refuse } from '../../core/check';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { AffineNode, LinearMap, PiecewiseAffine } from '../../regions/types';
import { LEAST_HORIZON } from '../wrapper/points';
import {
  type Affine,
  lengthRead,
  type NetworkGrowth,
  networkGrowth,
  plus,
  sum,
  times,
  type ValueGrowth,
} from './networkGrowth';
import { FLUSHED, fastConvolution, flushedSum, LARGEST, roundoffOfSum } from './roundoff';

/** How the differences of logits can change with the input. */
export interface LogitGrowth {
  /** A Lipschitz constant of logit k minus logit j: K x K, for Euclidean distances. */
  readonly pairs: Float64Array;
  /** No two logits differ by more than this, float32 rounding included, at a distance from the centre. */
  readonly range: Affine;
  /** Error of a difference of two logits in float32, at a distance from the centre. */
  readonly error: Affine;
  /** How far from the centre an input may be for float32 to hold everything that comes up. */
  readonly reach: number;
}

/** Far more than what float64 loses on the way. */
const ROUNDING = 1 + 1e-9;

/** The growth of a network's logits around a centre. */
export function logitGrowth(net: PiecewiseAffine, centre: Float64Array): LogitGrowth {
  return logitGrowthOf(net, networkGrowth(net, centre));
}

/**
 * The growth of a network's logits, given that of all its values. Nothing is known of their errors if float32 cannot hold what
 * comes up within the smallest box that a wrapper clips its inputs to.
 */
export function logitGrowthOf(net: PiecewiseAffine, { growths, output }: NetworkGrowth): LogitGrowth {
  const least = Math.sqrt(net.inputSize) * (LEAST_HORIZON + growths[0]!.length);
  const growth = growthWithinReach(net, { growths, output });
  if (growth.reach >= least) return growth;
  const unknown = { atCentre: Number.POSITIVE_INFINITY, perUnit: Number.POSITIVE_INFINITY };
  return { ...growth, range: unknown, error: unknown };
}

function growthWithinReach(net: PiecewiseAffine, { growths, output }: NetworkGrowth): LogitGrowth {
  const reach = growths.reduce((most, { peak }) => Math.min(most, (LARGEST - peak.atCentre) / peak.perUnit), LARGEST);
  const last = net.output === 0 ? undefined : net.nodes[net.output - 1];
  if (last?.kind !== 'affine') {
    const { lipschitz, error } = growths[net.output]!;
    const pairs = new Float64Array(net.classes ** 2).fill(Math.SQRT2 * lipschitz);
    return assemble(pairs, output, times(Math.SQRT2, error), reach);
  }
  const input = growths[last.inputs[0]!]!;
  const { distances, longest } = rowDistances(last.map, net.classes);
  const farthest = distances.reduce((a, b) => Math.max(a, b), 0);
  const rounding =
    last.offsetSizes || fastConvolution(last.map) ? growths[net.output]!.rounding : entryRounding(last, longest, input);
  return assemble(
    distances.map((distance) => distance * input.lipschitz),
    output,
    sum(times(farthest, input.error), times(2, rounding)),
    reach,
  );
}

/** What rounding adds to the error of one entry of `A v + b`. */
function entryRounding({ map, offset }: AffineNode, longest: number, input: ValueGrowth): Affine {
  const bias = offset?.reduce((a, b) => Math.max(a, Math.abs(b)), 0) ?? 0;
  const relative = roundoffOfSum(map.inputSize) * longest + FLUSHED * map.inputSize;
  const lost =
    roundoffOfSum(map.inputSize) * bias + FLUSHED * longest * Math.sqrt(map.inputSize) + flushedSum(map.inputSize, 0);
  return plus(times(relative, lengthRead(input)), lost);
}

/** What rounding a logit to float32 and another one changes their difference by, relative to the larger of them. */
const LAST_ROUNDING = 2 * 2 ** -24;

/**
 * The growth of a function whose logits' differences have a known Lipschitz constant. Its logits are rounded to float32, at the
 * centre and anywhere else; none is taken to grow faster than the differences can.
 */
function assumedGrowth(classes: number, lipschitz: number, atCentre: Float64Array): LogitGrowth {
  const size = atCentre.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const error = { atCentre: 2 * LAST_ROUNDING * size, perUnit: LAST_ROUNDING * lipschitz };
  const pairs = new Float64Array(classes ** 2).fill(lipschitz);
  return assemble(pairs, atCentre, error, Math.min(LARGEST, (LARGEST - size) / lipschitz));
}

function assemble(pairs: Float64Array, output: Float64Array, error: Affine, reach: number): LogitGrowth {
  const steepest = pairs.reduce((a, b) => Math.max(a, b), 0);
  return {
    pairs: pairs.map((value) => ROUNDING * value),
    range: {
      atCentre: ROUNDING * (rangeOf(output) + error.atCentre),
      perUnit: ROUNDING * (steepest + error.perUnit),
    },
    error: times(ROUNDING, error),
    reach,
  };
}

/** The largest minus the smallest entry. */
function rangeOf(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
}

/** Distances between any two rows of a matrix, K x K, and the length of its longest row. */
function rowDistances(map: LinearMap, classes: number): { readonly distances: Float64Array; readonly longest: number } {
  const size = map.inputSize;
  const rows = new Float64Array(classes * size);
  const units = new Float64Array(classes * classes);
  for (let k = 0; k < classes; k++) units[k * classes + k] = 1;
  map.addTransposedTo(rows, units, classes);
  const distances = new Float64Array(classes * classes);
  let longest = 0;
  for (let k = 0; k < classes; k++) {
    const row = rows.subarray(k * size, (k + 1) * size);
    longest = Math.max(longest, Math.sqrt(row.reduce((sum, v) => sum + v * v, 0)));
    for (let j = 0; j < classes; j++)
      distances[k * classes + j] = Math.sqrt(row.reduce((sum, v, i) => sum + (v - rows[j * size + i]!) ** 2, 0));
  }
  return { distances, longest };
}

/** What is known of how fast the logits of a model grow. */
export interface GrowthOptions {
  /**
   * A Lipschitz constant of every difference of two logits, for Euclidean distances. What the model rounds on the way must be
   * in it; that its logits are rounded to float32 in the end is counted besides, by their size. @defaultValue computed from
   * the layers; only a LayersModel that `toPiecewiseAffine` can read, or a Classifier of one, shows them
   */
  readonly lipschitz?: number;
}

/** The growth that the caller states, or else the one that the layers have. */
export async function growthOf(
  fn: string,
  model: ModelLike,
  net: Classifier,
  centre: Float64Array,
  { lipschitz }: GrowthOptions,
): Promise<LogitGrowth> {
  if (lipschitz !== undefined) {
    checkPositive({ fn, argument: 'lipschitz' }, lipschitz);
    const x = tf.tensor(Float32Array.from(centre), [1, ...net.inputShape]);
    const { values } = await readLogits(fn, net, x, {}).finally(() => x.dispose());
    return assumedGrowth(net.classes, lipschitz, Float64Array.from(values));
  }
  const layersModel = isLayersModel(model) ? model : isClassifier(model) ? model.layersModel : undefined;
  if (layersModel !== undefined) return logitGrowth(toPiecewiseAffine(layersModel), centre);
  return refuse(
    { fn, argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a LayersModel, whose layers say how fast its logits can grow',
    'a model that does not show its layers',
    'Pass the LayersModel itself, or state `lipschitz`.',
  );
}
