import type { Classifier } from '../../classifier/types';
import type { PiecewiseAffine } from '../../regions/types';
import { type LogitGrowth, logitGrowthOf } from '../growth/logitGrowth';
import { networkGrowth, type ValueGrowth } from '../growth/networkGrowth';
import type { Head } from './head';

/** What {@link laplaceParts} is told. */
export interface LaplaceModel {
  readonly net: Classifier;
  readonly head: Head;
  /** The network as it was read. */
  readonly affine: PiecewiseAffine;
  /** W and b as they were read, `head.size` x K. */
  readonly weights: Float64Array;
  /** L of the posterior, `head.size` x `head.size`. */
  readonly factor: Float64Array;
  readonly centre: Float64Array;
}

/** Everything that the wrapper is made of. */
export interface LaplaceParts extends LaplaceModel {
  /** The network up to the features, without the constant 1 of the bias. */
  readonly features: PiecewiseAffine;
  /** How far the features can be from those of the centre. */
  readonly featureGrowth: ValueGrowth;
  /** How far the logits can be from those of the centre. */
  readonly logitGrowth: LogitGrowth;
}

/** Finds the features in the network, and how they grow. */
export function laplaceParts(model: LaplaceModel): LaplaceParts {
  const { affine, centre } = model;
  const value = affine.nodes[affine.output - 1]!.inputs[0]!;
  const growth = networkGrowth(affine, centre);
  return {
    ...model,
    features: { ...affine, output: value, classes: value === 0 ? affine.inputSize : affine.nodes[value - 1]!.size },
    featureGrowth: growth.growths[value]!,
    logitGrowth: logitGrowthOf(affine, growth),
  };
}

/** `L^T phi` of features, with the constant that stands for the bias. */
export function timesFactor(phi: ArrayLike<number>, factor: Float64Array): Float64Array {
  const size = phi.length;
  const result = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) result[j]! += factor[i * size + j]! * phi[i]!;
  return result;
}
