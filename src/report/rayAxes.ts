import type { RayCurve } from './checkRays';
import { logTicks, powerLabel } from './logTicks';

/** An axis as Plot takes it. */
export interface Axis {
  readonly type: 'log' | 'linear';
  readonly domain: readonly [number, number];
  /** Where the numbers stand. */
  readonly ticks: readonly number[];
  readonly tickFormat: (value: number) => string;
}

/** The upright axis, and which of its values belongs to a confidence. */
export interface ConfidenceAxis {
  readonly axis: Axis & { readonly label: string };
  readonly heightOf: (confidence: number) => number;
}

/** Confidences nearer to 1 than this are 1 in float64. */
const LEAST_DOUBT = 1e-16;

/** Share of its numbers that an axis must cover at least. */
const NARROWEST = 1e-9;

const CONFIDENCE = {
  type: 'linear',
  label: 'Confidence (largest softmax probability)',
  domain: [0, 1],
  ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
  tickFormat: (confidence: number) => confidence.toFixed(1),
} as const;

/** The axis of alpha over all that the curves cover. */
export function alphaAxis(rays: readonly RayCurve[], type: Axis['type']): Axis {
  const low = Math.min(...rays.map(({ alphas }) => alphas[0]!));
  const last = Math.max(...rays.map(({ alphas }) => alphas[alphas.length - 1]!));
  const single = last - low <= NARROWEST * Math.max(Math.abs(low), Math.abs(last));
  // A single point still needs an axis, and numbers that differ by rounding make none.
  const high = single ? low + Math.max(type === 'log' ? 0 : 1, 9 * Math.abs(low)) : last;
  if (type === 'log') return logAxis(low, high);
  const ticks = Array.from({ length: 6 }, (_, k) => low + (k / 5) * (high - low));
  return { type, domain: [low, high], ticks, tickFormat: (alpha) => String(Number(alpha.toPrecision(3))) };
}

/** The upright axis: the confidence, or 1 - confidence down to the least of the curves. */
export function confidenceAxis(rays: readonly RayCurve[], show: 'confidence' | 'doubt'): ConfidenceAxis {
  if (show === 'confidence') return { axis: CONFIDENCE, heightOf: (confidence) => confidence };
  const heightOf = (confidence: number) => Math.max(LEAST_DOUBT, 1 - confidence);
  const least = rays.map(({ confidences, limit = 0 }) => heightOf(Math.max(limit, largest(confidences))));
  const low = 10 ** Math.floor(Math.log10(Math.min(0.1, ...least)) + 1e-9);
  return { axis: { label: '1 − confidence', ...logAxis(low, 1) }, heightOf };
}

/** How far along an axis a value lies, 0 at its beginning and 1 at its end. */
export function shareOf(value: number, { type, domain: [low, high] }: Axis): number {
  return type === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

function logAxis(low: number, high: number): Axis {
  return { type: 'log', domain: [low, high], ticks: logTicks(low, high), tickFormat: powerLabel };
}

function largest(values: ArrayLike<number>): number {
  let most = values[0]!;
  for (let i = 1; i < values.length; i++) most = Math.max(most, values[i]!);
  return most;
}
