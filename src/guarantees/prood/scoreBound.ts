import type { PiecewiseAffine } from '../../regions/types';
import { float32Errors } from '../bounds/float32Errors';
import { formBounds } from '../bounds/formBounds';
import { type Interval, magnitudes } from '../bounds/interval';
import { linearBounds } from '../bounds/linearBounds';
import { roundoff } from '../growth/roundoff';
import type { Discriminator } from './discriminator';

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1e-9;

/** An upper bound on g, as float32 computes it, over a box of inputs; `net` are the features. */
export function scoreBound(
  net: PiecewiseAffine,
  { weights, bias, slope, box: [low, high] }: Discriminator,
  box: Interval,
): number {
  const known = linearBounds(net, box, false);
  const form = Array.from(weights, (factor, entry) => ({ entry, factor }));
  const sides = [0, net.output].map((to) => formBounds(net, known, [form], { on: net.output, to })[0]!);
  const errors = float32Errors(net, known.bounds);
  const sizes = magnitudes(known.bounds[net.output]!);
  const distance = box.lower.reduce((sum, value, j) => sum + Math.max(0, value - high, low - box.upper[j]!), 0);
  // What is summed up for g, and what the features' own errors make of it.
  let summed = Math.abs(bias) + slope * distance;
  let inherited = 0;
  for (const [i, weight] of weights.entries()) {
    summed += Math.abs(weight) * (sizes[i]! + errors[i]!);
    inherited += Math.abs(weight) * errors[i]!;
  }
  const unit = roundoff(weights.length + 2 * net.inputSize + 4);
  const most = Math.min(...sides) + bias - slope * distance;
  const bound = most + inherited + (unit + ROUNDING) * (summed + Math.abs(most));
  return Math.min(Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound, largestScore(bias));
}

/** What g never exceeds anywhere: its bias, rounding counted. */
export function largestScore(bias: number): number {
  return bias + roundoff(4) * Math.abs(bias);
}
