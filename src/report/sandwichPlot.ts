import { refuse } from '../core/check';
import { checkConfidences } from '../metrics/checkScores';
import { drawPlot, GAP, MARGIN_BOTTOM, MARGIN_LEFT } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, GRID, type PlotLook } from './plotLook';

/** Look of a {@link sandwichPlot}. */
export interface SandwichPlotOptions extends PlotLook {}

/** What a {@link sandwichPlot} shows: what `confidenceSandwich` returns, or bounds from elsewhere. */
export interface SandwichSeries {
  /** Confidence that an attack reached, for each input, in [0, 1]. */
  readonly attack: ArrayLike<number>;
  /** The largest confidence itself, where it is known. */
  readonly exact?: ArrayLike<number> | undefined;
  /** Upper bound on the confidence, for each input. */
  readonly certified: ArrayLike<number>;
}

const FN = 'sandwichPlot';
const MARGIN_RIGHT = 20;
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/**
 * Draws for each input what is known of the largest confidence near it, from what an attack reached up to what is certified, as a
 * standalone SVG file. Inputs are in order of the certified bound; the band between the two lines is what nobody knows.
 *
 * Needs the optional packages `@observablehq/plot` and, outside browsers, `linkedom`.
 *
 * @param sandwich - As `confidenceSandwich` returns it: arrays of one length.
 * @throws OverconfidenceError `EMPTY_INPUT`, `NON_FINITE`, `OUT_OF_BOUNDS` or `INVALID_ARGUMENT` for anything but confidences,
 * `INVALID_SHAPE` if their numbers differ, `INVALID_OPTION` for a bad title or width, `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import { sandwichPlot } from 'relu-overconfidence/report';
 *
 * const svg = await sandwichPlot({ attack: [0.6, 0.9, 0.5], certified: [0.7, 1, 0.8] }, { title: 'Digits, epsilon 0.1' });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function sandwichPlot(sandwich: SandwichSeries, options: SandwichPlotOptions = {}): Promise<string> {
  checkPlotLook(FN, options, {});
  const { width = 640 } = options;
  const { attack, exact, certified } = checked(sandwich);
  const order = Array.from(certified.keys()).sort((a, b) => certified[a]! - certified[b]! || attack[a]! - attack[b]!);
  const line = (label: string, values: Float64Array, i: number) => ({
    label: `${label} (mean ${mean(values).toFixed(3)})`,
    points: order.map((row, place) => [place + 1, values[row]!] as const),
    ...seriesStyle(i),
  });
  const curves = [
    line('attack', attack, 0),
    line('certified bound', certified, 1),
    ...(exact === undefined ? [] : [line('exact maximum', exact, 2)]),
  ];
  const band = order.map((row, place) => ({ place: place + 1, low: attack[row]!, high: certified[row]! }));
  const frame = {
    title: options.title ?? 'Largest confidence near each input',
    description:
      options.description ?? `Confidence of ${order.length} inputs. ${curves.map(({ label }) => label).join('; ')}.`,
    width,
    height: Math.round(0.5 * width) + GAP + MARGIN_BOTTOM,
    legend: curves,
  };
  return drawPlot(FN, frame, (plot) => ({
    marginRight: MARGIN_RIGHT,
    x: { ...CENTRED, domain: [1, Math.max(2, order.length)], label: 'Inputs, by certified bound' },
    y: {
      ...CENTRED,
      domain: [0, 1],
      label: 'Confidence (largest softmax probability)',
      labelOffset: MARGIN_LEFT - 10,
      ticks: TICKS,
    },
    marks: [
      plot.gridY(TICKS, { stroke: GRID.light, strokeOpacity: 1 }),
      plot.areaY(band, { x: 'place', y1: 'low', y2: 'high', fill: seriesStyle(1).colour, fillOpacity: 0.15 }),
      ...curves.map(({ points, colour, dash }) =>
        plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
      ),
    ],
  }));
}

const CENTRED = { labelAnchor: 'center', labelArrow: 'none' } as const;

function checked({ attack, exact, certified }: SandwichSeries) {
  const values = (argument: string, given: ArrayLike<number>) => {
    checkConfidences({ fn: FN, argument }, given);
    if (given.length !== attack.length)
      refuse(
        { fn: FN, argument },
        'INVALID_SHAPE',
        `one confidence for each of ${attack.length} inputs`,
        String(given.length),
        'Compute all of them for the same inputs.',
      );
    return Float64Array.from(given);
  };
  return {
    attack: values('sandwich.attack', attack),
    exact: exact === undefined ? undefined : values('sandwich.exact', exact),
    certified: values('sandwich.certified', certified),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
