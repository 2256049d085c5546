import { checkWhole } from '../core/check';
import { checkConfidences } from '../metrics/checkScores';
import { confidenceHistogram } from '../metrics/confidenceHistogram';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import { drawPlot, GAP, MARGIN_BOTTOM } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, checkSeries, GRID, logTicks, type PlotLook } from './plotLook';

/** Look of a {@link confidenceHistogramPlot}. */
export interface ConfidenceHistogramPlotOptions extends PlotLook {
  /** Number of bins of equal width over [0, 1]. @defaultValue 50 */
  readonly bins?: number;
}

const FN = 'confidenceHistogramPlot';
/** Room for `100 %` and the name of the axis. */
const MARGIN_LEFT = 72;

/**
 * Draws how the confidences of several sets of examples are distributed, as stepped lines on a logarithmic scale, as a
 * standalone SVG file.
 *
 * The height of a step is the share of the set's examples in that bin, so sets of different sizes can be compared; an
 * empty bin drops to the bottom. The legend gives the mean (MMC) of each set. Needs the optional packages
 * `@observablehq/plot` and, outside browsers, `linkedom`.
 *
 * @param sets - Largest softmax probability of every example, each in [0, 1], by the label to show.
 * @throws OverconfidenceError `EMPTY_INPUT`, `NON_FINITE`, `OUT_OF_BOUNDS` or `INVALID_ARGUMENT` for anything but
 * confidences, `INVALID_OPTION` for a bad title, width or number of bins, `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import { confidenceHistogramPlot } from 'relu-overconfidence/report';
 *
 * const svg = await confidenceHistogramPlot({ MNIST: [0.99, 0.97, 0.6], noise: [0.1, 0.12, 0.2] }, { bins: 20 });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function confidenceHistogramPlot(
  sets: Readonly<Record<string, ArrayLike<number>>>,
  options: ConfidenceHistogramPlotOptions = {},
): Promise<string> {
  checkPlotLook(FN, options, { bins: true });
  const { width = 640, bins = 50 } = options;
  checkWhole({ fn: FN, argument: 'bins' }, bins);
  const series = checkSeries({ fn: FN, argument: 'sets' }, sets);
  for (const [label, confidences] of series) checkConfidences({ fn: FN, argument: `sets.${label}` }, confidences);
  // Half of the smallest share that any set can have: the place of an empty bin on a scale that has no zero.
  const bottom = 0.5 / Math.max(...series.map(([, confidences]) => confidences.length));
  const lines = series.map(([label, confidences], i) => ({
    label: `${label} (mean ${meanMaxConfidence(confidences).toFixed(3)})`,
    points: steps(confidences, bins, bottom),
    ...seriesStyle(i),
  }));
  const frame = {
    title: options.title ?? 'Distribution of confidence',
    description:
      options.description ??
      `Share of examples per bin of confidence, on a logarithmic scale. ${lines.map(({ label }) => label).join('; ')}.`,
    width,
    height: Math.round(0.55 * width) + GAP + MARGIN_BOTTOM,
    legend: lines,
  };
  return drawPlot(FN, frame, (plot) => ({
    marginLeft: MARGIN_LEFT,
    marginRight: 20,
    x: { domain: [0, 1], label: 'Confidence (largest softmax probability)', labelAnchor: 'center', labelArrow: 'none' },
    y: {
      type: 'log',
      domain: [bottom, 1],
      ticks: logTicks(bottom, 1),
      tickFormat: (share: number) => `${Number((100 * share).toPrecision(1))} %`,
      label: 'Share of the examples',
      labelOffset: MARGIN_LEFT - 10,
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    marks: [
      plot.gridY(logTicks(bottom, 1), { stroke: GRID.light, strokeOpacity: 1 }),
      ...lines.map(({ points, colour, dash }) =>
        plot.line(points, { curve: 'step-after', stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
      ),
      // Over the lines, so that none of them seems to run along the bottom.
      plot.ruleY([bottom], { stroke: '#888', strokeWidth: 2.5 }),
    ],
  }));
}

/** Left edge and share of every bin, then the right edge of the last. */
function steps(confidences: ArrayLike<number>, bins: number, bottom: number): [x: number, y: number][] {
  const { counts, edges } = confidenceHistogram(confidences, { bins });
  const height = (bin: number) => Math.max(bottom, counts[bin]! / confidences.length);
  return Array.from(edges, (edge, k) => [edge, height(Math.min(k, bins - 1))]);
}
