import * as tf from '@tensorflow/tfjs-core';
import { confidenceOf } from '../../classifier/logOdds';
import type { Bounds } from '../../core/bounds';
import { inTasks, type Pausing } from '../../core/pausing';
import { createRng } from '../../core/rng';
import type { Measurement } from '../../evaluation/measureBlocks';
import { uniformNoise } from '../../noise/uniformNoise';
import { costOf } from '../../regions/costOf';
import { findLimitAlongRay } from '../../regions/limitAlongRay';
import type { PiecewiseAffine } from '../../regions/types';
import { alphaScaling } from '../../theory/alphaScaling';
import { confidenceAtLimit } from '../../theory/asymptoticConfidence';
import { haveIdenticalRows } from '../../theory/checkTheorem31';
import { findLogOdds } from '../../theory/minimalAlpha';

/** Name of the measurement in the record. */
export const RAYS = 'rays';
/** Where the confidence along a ray is drawn: alpha from 1 to 10,000. */
export const CURVE_ALPHAS: readonly number[] = Array.from({ length: 61 }, (_, i) => 10 ** (i / 15));

/** What the rays depend on. */
export interface RayQuestion extends RayPlan {
  readonly seed: string | number;
  readonly bounds: Bounds;
}

/** How much is done for rays. */
export interface RayPlan {
  readonly rays: number;
  /** Rays along which the confidence is drawn. */
  readonly curves: number;
  /** Points of the way inside the box that are looked at; see {@link alphaScaling}. */
  readonly pathPoints: number;
  /** Values updated along a ray before it is given up. */
  readonly maxUpdates: number;
  /** About how long a ray takes, in seconds; only the time left depends on it. */
  readonly seconds: number;
}

/** Products in an evaluation from which on a network is large. */
export const LARGE = 20_000_000;
/** Products in an evaluation for all rays of a large network together, each of them evaluated once. */
const LARGE_RAYS = 600_000_000;

/**
 * What is done where the user does not say: 100 rays, or of a large network as many as can be followed in a minute or two, and
 * five at least. By the size of the network and not by the clock, so that the same command has the same result everywhere.
 */
export function rayPlan(net: PiecewiseAffine, wanted: number | undefined, quick: boolean): RayPlan {
  const { multiplyAdds: products } = costOf(net);
  if (products <= LARGE) {
    const effort = quick
      ? { pathPoints: 20, maxUpdates: 10_000_000, seconds: 3e-7 * products }
      : { pathPoints: 100, maxUpdates: 200_000_000, seconds: 8e-7 * products };
    return { rays: wanted ?? 100, curves: 5, ...effort };
  }
  const rays = wanted ?? Math.max(5, Math.floor(LARGE_RAYS / products));
  return {
    rays,
    curves: products <= 5 * LARGE ? 1 : 0,
    pathPoints: 8,
    maxUpdates: 2_000_000,
    seconds: 10 + 1e-8 * products,
  };
}

/** Follows noise along its ray to infinity: how soon the network is sure, its limit, and the condition of Theorem 3.1. */
export function rayMeasurement(
  net: PiecewiseAffine,
  { rays, seed, bounds, curves, pathPoints, maxUpdates, seconds }: RayQuestion,
  signal: AbortSignal,
  /** Seconds that a forward pass takes. */
  perPass: number,
): Measurement {
  const rng = createRng(seed).fork(RAYS);
  return {
    name: RAYS,
    kind: 'other',
    samples: rays,
    blockSize: 1,
    cost: Math.ceil(seconds / perPass),
    required: false,
    run: async (start) => {
      const noise = uniformNoise([1, ...net.inputShape], { rng: rng.fork(start), bounds });
      const row = Float64Array.from(await noise.data());
      tf.dispose(noise);
      const ending = await inTasks(RAYS, endOfRay(net, row), signal);
      const scaling = await alphaScaling(net, [row], { bounds, pathPoints, maxUpdates, signal });
      const finite = (alphas: Float64Array) => Array.from(alphas, (alpha) => (Number.isFinite(alpha) ? alpha : null));
      return {
        alphas: finite(scaling.alphas),
        leastAlphas: finite(scaling.leastAlphas),
        limits: [ending.limit],
        sureAtMinimalAlpha: [scaling.overconfidentAtMinimalAlpha],
        sureOnRay: [scaling.overconfidentOnRay],
        identicalRows: [ending.identical ? 1 : 0],
        ...(start < curves && { curves: await inTasks(RAYS, curve(net, row), signal) }),
      };
    },
  };
}

/** Where a ray ends: the limit of the confidence, and whether two rows of V are the same there. */
function* endOfRay(net: PiecewiseAffine, x: Float64Array): Pausing<{ limit: number; identical: boolean }> {
  const limit = yield* findLimitAlongRay(net, new Float64Array(net.inputSize), x);
  return { limit: confidenceAtLimit(limit).confidence, identical: yield* haveIdenticalRows(net, limit) };
}

/** Confidence at alpha x. */
function* curve(net: PiecewiseAffine, x: Float64Array): Pausing<number[]> {
  const confidences: number[] = [];
  for (const alpha of CURVE_ALPHAS) {
    const scaled = x.map((value) => alpha * value);
    confidences.push(confidenceOf(yield* findLogOdds(net, scaled)));
  }
  return confidences;
}
