import * as tf from '@tensorflow/tfjs-core';
import { createRng } from '../../core/rng';
import { softmax } from '../../core/softmax';
import type { Measurement } from '../../evaluation/measureBlocks';
import { uniformNoise } from '../../noise/uniformNoise';
import { evaluate } from '../../regions/evaluate';
import type { PiecewiseAffine } from '../../regions/types';
import { alphaScaling } from '../../theory/alphaScaling';
import { asymptoticConfidence } from '../../theory/asymptoticConfidence';
import { checkTheorem31 } from '../../theory/checkTheorem31';

/** Name of the measurement in the record. */
export const RAYS = 'rays';
/** Where the confidence along a ray is drawn: alpha from 1 to 10,000. */
export const CURVE_ALPHAS: readonly number[] = Array.from({ length: 61 }, (_, i) => 10 ** (i / 15));

/** Rays followed at a time. */
const BATCH = 5;
/** A ray takes about as long as so many forward passes; only the time left depends on it. */
const PASSES_PER_RAY = 200;

/** What the rays depend on. */
export interface RayQuestion {
  readonly rays: number;
  readonly seed: string | number;
  readonly bounds: readonly [number, number];
}

/** Follows noise along its ray to infinity: how soon the network is sure, its limit, and the condition of Theorem 3.1. */
export function rayMeasurement(
  net: PiecewiseAffine,
  { rays, seed, bounds }: RayQuestion,
  signal: AbortSignal,
): Measurement {
  const rng = createRng(seed).fork(RAYS);
  return {
    name: RAYS,
    kind: 'other',
    samples: rays,
    blockSize: BATCH,
    cost: PASSES_PER_RAY,
    required: false,
    run: async (start, size, onWork) => {
      const noise = uniformNoise([size, ...net.inputShape], { rng: rng.fork(start), bounds });
      try {
        const rows = await flatRows(noise, net.inputSize);
        const onProgress = ({ done }: { done: number }) => onWork(done * PASSES_PER_RAY);
        const scaling = await alphaScaling(net, rows, { bounds, signal, onProgress });
        const { identicalRows } = checkTheorem31(net, rows, { signal });
        return {
          alphas: Array.from(scaling.alphas, (alpha) => (Number.isFinite(alpha) ? alpha : null)),
          limits: rows.map((row) => asymptoticConfidence(net, row).confidence),
          sureAtMinimalAlpha: [Math.round(size * scaling.overconfidentAtMinimalAlpha)],
          sureOnRay: [Math.round(size * scaling.overconfidentOnRay)],
          identicalRows: [new Set(identicalRows.map(({ sample }) => sample)).size],
          ...(start === 0 && { curves: rows.flatMap((row) => curve(net, row)) }),
        };
      } finally {
        tf.dispose(noise);
      }
    },
  };
}

async function flatRows(images: tf.Tensor, size: number): Promise<Float32Array[]> {
  const values = (await images.data()) as Float32Array;
  return Array.from({ length: images.shape[0]! }, (_, i) => values.slice(i * size, (i + 1) * size));
}

/** Confidence at alpha x. */
function curve(net: PiecewiseAffine, x: Float32Array): number[] {
  return CURVE_ALPHAS.map((alpha) => {
    const scaled = Float64Array.from(x, (value) => alpha * value);
    return Math.max(...softmax(evaluate(net, scaled)));
  });
}
