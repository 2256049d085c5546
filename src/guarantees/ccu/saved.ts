import type { SavedInputs } from '../wrapper/wrappedNet';
import { displacementOf, embed, type Metric } from './metric';
import type { CcuModel, Mixture } from './safeDensities';

/** A mixture of Gaussians, as plain data. */
export interface SavedMixture {
  /** How much each component weighs, with the sum 1. */
  readonly weights: readonly number[];
  /** One mean per component, as its displacement from the centre, in input units. */
  readonly means: readonly (readonly number[])[];
  /** One variance per component, in squared units of the metric. */
  readonly variances: readonly number[];
}

/** What makes a CCU classifier of a model: plain data, for JSON. */
export interface SavedCcu extends SavedInputs {
  /** Which wrapper this is. */
  readonly method: 'ccu';
  /** Weight of the out-distribution. */
  readonly lambda: number;
  /** The metric of both mixtures. */
  readonly metric: {
    /** Mean of the data, flat. */
    readonly centre: readonly number[];
    /** Orthonormal principal axes. */
    readonly axes: readonly (readonly number[])[];
    /** Variance along each axis, and last the one of all directions at right angles to the axes. */
    readonly variances: readonly number[];
  };
  /** Density of the data. */
  readonly inside: SavedMixture;
  /** Density of what is not data. */
  readonly outside: SavedMixture;
}

/** Plain data of a model. */
export function saveModel({ metric, inside, outside, lambda }: CcuModel, inputs: SavedInputs): SavedCcu {
  return {
    method: 'ccu',
    ...inputs,
    lambda,
    metric: {
      centre: Array.from(metric.centre),
      axes: metric.axes.map((axis) => Array.from(axis)),
      variances: Array.from(metric.variances),
    },
    inside: saveMixture(metric, inside),
    outside: saveMixture(metric, outside),
  };
}

/** The model that was saved. */
export function restoreModel({ metric: { centre, axes, variances }, inside, outside, lambda }: SavedCcu): CcuModel {
  const metric = {
    centre: Float64Array.from(centre),
    axes: axes.map((axis) => Float64Array.from(axis)),
    variances: Float64Array.from(variances),
  };
  return { metric, inside: restoreMixture(metric, inside), outside: restoreMixture(metric, outside), lambda };
}

function saveMixture(metric: Metric, { weights, means, variances }: Mixture): SavedMixture {
  const size = means.length / weights.length;
  const mean = (k: number) => Array.from(displacementOf(metric, means.subarray(k * size, (k + 1) * size)));
  return {
    weights: Array.from(weights),
    means: Array.from(weights, (_, k) => mean(k)),
    variances: Array.from(variances),
  };
}

function restoreMixture(metric: Metric, { weights, means, variances }: SavedMixture): Mixture {
  const rows = means.map((mean) => embed(metric, Float64Array.from(mean)));
  const size = rows[0]?.length ?? 0;
  const flat = new Float64Array(rows.length * size);
  for (const [k, row] of rows.entries()) flat.set(row, k * size);
  return { weights: Float64Array.from(weights), means: flat, variances: Float64Array.from(variances) };
}
