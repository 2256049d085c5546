import { auroc } from '../metrics/auroc';
import { checkScores } from '../metrics/checkScores';
import { type RocCurve, rocCurve } from '../metrics/rocCurve';
import { drawPlot, GAP, MARGIN_BOTTOM, MARGIN_LEFT, shareAxis } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, checkSeries, GRID, type PlotLook, type Point, thinPoints } from './plotLook';

/** Look of a {@link rocPlot}. */
export interface RocPlotOptions extends PlotLook {}

const FN = 'rocPlot';
const MARGIN_RIGHT = 20;

/**
 * Draws the ROC curve of in-distribution scores against each set of out-distribution scores, with the AUROC of each in
 * the legend, as a standalone SVG file.
 *
 * In-distribution is the positive class. The dashed diagonal is chance. Points less than a pixel apart are left
 * out of the drawing; the AUROC counts all of them. Needs the optional packages `@observablehq/plot` and, outside
 * browsers, `linkedom`.
 *
 * @param inS - Scores of in-distribution examples, higher = more in-distribution, best as float64 log-odds.
 * @param out - Scores of out-distribution examples on the same scale, by the label to show.
 * @throws OverconfidenceError `EMPTY_INPUT`, `NON_FINITE` (NaN) or `INVALID_ARGUMENT` for anything but scores,
 * `INVALID_OPTION` for a bad title or width, `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import { rocPlot } from 'relu-overconfidence/report';
 *
 * const svg = await rocPlot([0.9, 0.8, 0.4], { noise: [0.5, 0.2, 0.1] }, { title: 'MNIST against noise' });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function rocPlot(
  inS: ArrayLike<number>,
  out: Readonly<Record<string, ArrayLike<number>>>,
  options: RocPlotOptions = {},
): Promise<string> {
  checkPlotLook(FN, options, {});
  checkScores({ fn: FN, argument: 'inS' }, inS);
  const series = checkSeries({ fn: FN, argument: 'out' }, out);
  for (const [label, scores] of series) checkScores({ fn: FN, argument: `out.${label}` }, scores);
  const { width = 640 } = options;
  const side = width - MARGIN_LEFT - MARGIN_RIGHT;
  const curves = series.map(([label, scores], i) => ({
    label: `${label} (AUROC ${auroc(inS, scores).toFixed(3)})`,
    points: thinPoints(pointsOf(rocCurve(inS, scores)), ([x, y]) => [x * side, y * side]),
    // The first colour is that of the in-distribution in histograms.
    ...seriesStyle(i + 1),
  }));
  const frame = {
    title: options.title ?? 'ROC: in-distribution against out-distribution',
    description:
      options.description ??
      `True positive rate over false positive rate. ${curves.map(({ label }) => label).join('; ')}. The diagonal is chance.`,
    width,
    height: side + GAP + MARGIN_BOTTOM,
    legend: curves,
  };
  return drawPlot(FN, frame, (plot) => ({
    marginRight: MARGIN_RIGHT,
    x: {
      domain: [0, 1],
      label: 'False positive rate (out-distribution accepted)',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: 6,
    },
    y: shareAxis('True positive rate (in-distribution accepted)'),
    marks: [
      plot.gridX({ ticks: 6, stroke: GRID.light, strokeOpacity: 1 }),
      plot.gridY({ ticks: 6, stroke: GRID.light, strokeOpacity: 1 }),
      plot.line([[0, 0] as const, [1, 1] as const], { stroke: '#888', strokeDasharray: '4 4' }),
      ...curves.map(({ points, colour, dash }) =>
        plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
      ),
    ],
  }));
}

function pointsOf({ fpr, tpr }: RocCurve): Point[] {
  return Array.from(fpr, (rate, i) => [rate, tpr[i]!]);
}
