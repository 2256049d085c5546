import type { Classifier } from '../../classifier/types';
import type { PiecewiseAffine } from '../../regions/types';
import { type LogitGrowth, logitGrowthOf } from '../growth/logitGrowth';
import { networkGrowth, type ValueGrowth } from '../growth/networkGrowth';
import { horizonWithin } from '../wrapper/points';
import type { Head } from './head';

/** The probit approximation divides logits by `sqrt(1 + pi / 8 variance)`. */
export const PROBIT = Math.PI / 8;

/** What is known of a model before there is a posterior. */
export interface LaplaceModel {
  readonly net: Classifier;
  readonly head: Head;
  readonly centre: Float64Array;
  /** The network up to the features, without the constant 1 of the bias. */
  readonly features: PiecewiseAffine;
  /** How far the features can be from those of the centre. */
  readonly featureGrowth: ValueGrowth;
  /** How far the logits can be from those of the centre. */
  readonly logitGrowth: LogitGrowth;
  /** Inputs are seen with every entry clipped to this size. */
  readonly horizon: number;
}

/** Everything that the wrapper is made of. */
export interface LaplaceParts extends LaplaceModel {
  /** W and b as they were read, `head.size` x K. */
  readonly weights: Float64Array;
  /** L of the posterior, `head.size` x `head.size`. */
  readonly factor: Float64Array;
}

/** Finds the features in the network, and how they grow. */
export function laplaceModel(net: Classifier, head: Head, centre: Float64Array): LaplaceModel {
  const affine = head.network();
  const value = affine.nodes[affine.output - 1]!.inputs[0]!;
  const growth = networkGrowth(affine, centre);
  const logitGrowth = logitGrowthOf(affine, growth);
  return {
    net,
    head,
    centre,
    features: { ...affine, output: value, classes: value === 0 ? affine.inputSize : affine.nodes[value - 1]!.size },
    featureGrowth: growth.growths[value]!,
    logitGrowth,
    horizon: horizonWithin(logitGrowth.reach, centre),
  };
}

/** `L^T phi` of features, with the constant that stands for the bias. */
export function timesFactor(phi: ArrayLike<number>, factor: Float64Array): Float64Array {
  const size = phi.length;
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) result[j]! += factor[i * size + j]! * phi[i]!;
  return result;
}
