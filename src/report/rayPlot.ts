import { checkFraction, checkKeys, checkOneOf, type KeysOf, refuse, show, type Where } from '../core/check';
import { checkConfidences, checkScores } from '../metrics/checkScores';
import { drawPlot, GAP, MARGIN_BOTTOM } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, GRID, logTicks, type PlotLook, type Point, powerLabel, thinPoints } from './plotLook';

/** One curve of a `rayPlot`. */
export interface RayCurve {
  /** What the legend calls it. */
  readonly name: string;
  /** Positions along the ray, finite, in ascending order. */
  readonly alphas: ArrayLike<number>;
  /** Largest softmax probability at each alpha, in [0, 1]. */
  readonly confidences: ArrayLike<number>;
  /** What the confidence tends to, in [0, 1]: 1 for most rays through a ReLU network, 1/K for an RBF network. */
  readonly limit?: number;
}

const KEYS: KeysOf<RayCurve> = { name: true, alphas: true, confidences: true, limit: true };

/** What a {@link rayPlot} shows, and how. */
export interface RayPlotOptions extends PlotLook {
  /** Scale of alpha; 'log' needs alphas > 0. @defaultValue 'log' */
  readonly scale?: 'log' | 'linear';
  /**
   * What is drawn upwards: the confidence from 0 to 1, or 1 - confidence on a logarithmic scale, down to 1e-16 where float64
   * ends. @defaultValue 'confidence'
   */
  readonly show?: 'confidence' | 'doubt';
}

/** An axis as Plot takes it. */
export interface Axis {
  readonly type: 'log' | 'linear';
  readonly domain: readonly [number, number];
  /** Where the numbers stand. */
  readonly ticks: readonly number[];
  readonly tickFormat: (value: number) => string;
}

/** The upright axis, and which of its values belongs to a confidence. */
interface ConfidenceAxis {
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

const FN = 'rayPlot';
const MARGIN_LEFT = 68;
const MARGIN_RIGHT = 24;

/**
 * Draws how sure classifiers are at alpha x as alpha grows, as a standalone SVG file: what Theorem 3.1 of arXiv 1812.05720
 * says about ReLU networks, and Theorem 3.2 about RBF networks.
 *
 * The limit of a curve, where it has one, is a thin dotted line in its colour, and a number in the legend. Points less than a
 * pixel apart are left out of the drawing. Needs the optional packages `@observablehq/plot` and, outside browsers, `linkedom`.
 *
 * @param rays - At least one curve, each with its alphas in ascending order.
 * @throws OverconfidenceError `EMPTY_INPUT` without curves or without alphas; `INVALID_SHAPE` if a curve has not as many
 * confidences as alphas; `NON_FINITE`, `OUT_OF_BOUNDS` or `INVALID_ARGUMENT` for anything but alphas or confidences, or out
 * of order; `INVALID_OPTION` for an option or a limit out of range; `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import { rayPlot } from 'relu-overconfidence/report';
 *
 * // Two logits, x and -x, at alpha = 1, 2, 4, ...
 * const alphas = Array.from({ length: 20 }, (_, i) => 2 ** i);
 * const confidences = alphas.map((alpha) => 1 / (1 + Math.exp(-2 * alpha * 0.1)));
 * const svg = await rayPlot([{ name: 'ReLU network', alphas, confidences, limit: 1 }]);
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function rayPlot(rays: readonly RayCurve[], options: RayPlotOptions = {}): Promise<string> {
  checkPlotLook(FN, options, { scale: true, show: true });
  const { scale = 'log', show = 'confidence', width = 640 } = options;
  checkOneOf({ fn: FN, argument: 'scale' }, scale, ['log', 'linear']);
  checkOneOf({ fn: FN, argument: 'show' }, show, ['confidence', 'doubt']);
  checkRays(FN, rays, scale);
  const height = Math.round(0.5 * width);
  const x = alphaAxis(rays, scale);
  const { axis: y, heightOf } = confidenceAxis(rays, show);
  const place = ([alpha, value]: Point): Point => [
    shareOf(alpha, x) * (width - MARGIN_LEFT - MARGIN_RIGHT),
    shareOf(value, y) * height,
  ];
  const curves = rays.map(({ name, alphas, confidences, limit }, i) => ({
    label: limit === undefined ? name : `${name} (limit ${limit.toFixed(3)})`,
    points: thinPoints(
      Array.from(alphas, (alpha, k) => [alpha, heightOf(confidences[k]!)] as const),
      place,
    ),
    limits: limit === undefined ? [] : [heightOf(limit)],
    ...seriesStyle(i),
  }));
  const frame = {
    title: options.title ?? 'Confidence along a ray',
    description:
      options.description ?? `${y.label} over alpha from ${x.domain.join(' to ')}. ${rays.map(inWords).join('; ')}.`,
    width,
    height: height + GAP + MARGIN_BOTTOM,
    legend: curves,
  };
  const centred = { labelAnchor: 'center', labelArrow: 'none' } as const;
  return drawPlot(FN, frame, (plot) => ({
    marginLeft: MARGIN_LEFT,
    marginRight: MARGIN_RIGHT,
    x: { ...centred, ...x, label: 'alpha (how many times the point is scaled)' },
    y: { ...centred, ...y, labelOffset: MARGIN_LEFT - 10 },
    marks: [
      plot.gridX(x.ticks, { stroke: GRID.light, strokeOpacity: 1 }),
      plot.gridY(y.ticks, { stroke: GRID.light, strokeOpacity: 1 }),
      ...curves.map(({ limits, colour }) =>
        plot.ruleY(limits, { stroke: colour, strokeWidth: 1.6, strokeDasharray: '2 4' }),
      ),
      ...curves.map(({ points, colour, dash }) =>
        plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
      ),
    ],
  }));
}

/** A curve for those who cannot see it: where it begins and ends, and its limit. */
function inWords({ name, alphas, confidences, limit }: RayCurve): string {
  const last = alphas.length - 1;
  const ends = [0, last].map((k) => `${confidences[k]!.toFixed(3)} at ${Number(alphas[k]!.toPrecision(3))}`);
  return `${name}: ${ends.join(', ')}${limit === undefined ? '' : `, tending to ${limit.toFixed(3)}`}`;
}

/** Refuses curves that cannot be drawn; on a logarithmic scale alphas must be positive. */
function checkRays(fn: string, rays: readonly RayCurve[], scale: 'log' | 'linear'): void {
  const where = { fn, argument: 'rays' };
  const fix = 'Pass for example [{ name, alphas, confidences }].';
  if (!Array.isArray(rays)) refuse(where, 'INVALID_ARGUMENT', 'an array of curves', show(rays), fix);
  if (rays.length === 0) refuse(where, 'EMPTY_INPUT', 'at least one curve', 'an empty array', fix);
  for (const [i, ray] of rays.entries()) {
    const at = (name: keyof RayCurve) => ({ fn, argument: `rays[${i}].${name}` });
    checkKeys({ fn, argument: `rays[${i}]` }, ray, KEYS);
    if (typeof ray?.name !== 'string') refuse(at('name'), 'INVALID_ARGUMENT', 'a text', show(ray?.name), fix);
    checkAlphas(at('alphas'), ray.alphas, scale);
    checkConfidences(at('confidences'), ray.confidences);
    if (ray.confidences.length !== ray.alphas.length)
      refuse(
        at('confidences'),
        'INVALID_SHAPE',
        `one for each of ${ray.alphas.length} alphas`,
        `${ray.confidences.length}`,
        'Compute both from the same list.',
      );
    if (ray.limit !== undefined) checkFraction(at('limit'), ray.limit);
  }
}

function checkAlphas(where: Where, alphas: ArrayLike<number>, scale: 'log' | 'linear'): void {
  checkScores(where, alphas);
  for (let i = 0; i < alphas.length; i++) {
    const alpha = alphas[i]!;
    if (!Number.isFinite(alpha))
      refuse(where, 'NON_FINITE', 'finite', `${alpha} at index ${i}`, 'Draw the limit at infinity with `limit`.');
    if (scale === 'log' && alpha <= 0)
      refuse(where, 'INVALID_ARGUMENT', '> 0', `${alpha} at index ${i}`, "Begin later, or set scale: 'linear'.");
    if (i > 0 && alpha < alphas[i - 1]!)
      refuse(where, 'INVALID_ARGUMENT', 'in ascending order', `${alpha} after ${alphas[i - 1]}`, 'Sort the points.');
  }
}

/** The axis of alpha over all that the curves cover. */
function alphaAxis(rays: readonly RayCurve[], type: Axis['type']): Axis {
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
function confidenceAxis(rays: readonly RayCurve[], show: 'confidence' | 'doubt'): ConfidenceAxis {
  if (show === 'confidence') return { axis: CONFIDENCE, heightOf: (confidence) => confidence };
  const heightOf = (confidence: number) => Math.max(LEAST_DOUBT, 1 - confidence);
  const least = rays.map(({ confidences, limit = 0 }) => heightOf(Math.max(limit, largest(confidences))));
  const low = 10 ** Math.floor(Math.log10(Math.min(0.1, ...least)) + 1e-9);
  return { axis: { label: '1 − confidence', ...logAxis(low, 1) }, heightOf };
}

/** How far along an axis a value lies, 0 at its beginning and 1 at its end. */
function shareOf(value: number, { type, domain: [low, high] }: Axis): number {
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
