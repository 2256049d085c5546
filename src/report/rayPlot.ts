import { checkOneOf } from '../core/check';
import { checkRays, type RayCurve } from './checkRays';
import { GRID } from './darkMode';
import { drawPlot, GAP, MARGIN_BOTTOM } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, type PlotLook } from './plotLook';
import { alphaAxis, confidenceAxis, shareOf } from './rayAxes';
import { type Point, thinPoints } from './thinPoints';

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
 * confidences as alphas; `NON_FINITE`, `OUT_OF_BOUNDS` or `INVALID_ARGUMENT` for alphas or confidences that are none or out
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
  const { scale = 'log', show = 'confidence', width = 640 } = options;
  checkPlotLook(FN, options);
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
