import { checkWhole } from '../core/check';
import { checkConfidences, checkVerdicts } from '../metrics/checkScores';
import { confidenceBin } from '../metrics/confidenceHistogram';
import { expectedCalibrationError } from '../metrics/expectedCalibrationError';
import { drawPlot, GAP, MARGIN_BOTTOM, MARGIN_LEFT } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, GRID, type PlotLook } from './plotLook';

/** Look of a {@link reliabilityDiagram}. */
export interface ReliabilityDiagramOptions extends PlotLook {
  /** Number of bins of equal width over [0, 1]. @defaultValue 20, as `expectedCalibrationError` has it */
  readonly bins?: number;
}

const FN = 'reliabilityDiagram';
const MARGIN_RIGHT = 20;
const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

/**
 * Draws how often a classifier is right among the examples of each bin of confidence, with the expected calibration error in
 * the legend, as a standalone SVG file.
 *
 * A point stands at the mean confidence and the share of right answers of its bin; its area grows with the number of
 * examples. A calibrated classifier has its points on the dashed diagonal; below it, it is more confident than right. A thin
 * line shows the gap. Needs the optional packages `@observablehq/plot` and, outside browsers, `linkedom`.
 *
 * @param confidences - Largest softmax probability of every example, each in [0, 1].
 * @param correct - Whether each prediction was right: booleans, or the numbers 0 and 1.
 * @throws OverconfidenceError `EMPTY_INPUT`, `NON_FINITE`, `OUT_OF_BOUNDS` or `INVALID_ARGUMENT` as
 * `expectedCalibrationError` does, `INVALID_OPTION` for a bad title, width or number of bins, `MISSING_DEPENDENCY` without
 * the packages.
 *
 * @example
 * ```ts
 * import { reliabilityDiagram } from 'relu-overconfidence/report';
 *
 * const svg = await reliabilityDiagram([0.95, 0.9, 0.92, 0.6], [true, true, false, true], { bins: 10 });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function reliabilityDiagram(
  confidences: ArrayLike<number>,
  correct: ArrayLike<boolean | number>,
  options: ReliabilityDiagramOptions = {},
): Promise<string> {
  checkPlotLook(FN, options, { bins: true });
  const { width = 640, bins = 20 } = options;
  checkConfidences({ fn: FN, argument: 'confidences' }, confidences);
  checkVerdicts({ fn: FN, argument: 'correct' }, correct, confidences.length);
  checkWhole({ fn: FN, argument: 'bins' }, bins);
  const side = width - MARGIN_LEFT - MARGIN_RIGHT;
  const points = filledBins(confidences, correct, bins);
  const error = `expected calibration error ${expectedCalibrationError(confidences, correct, { bins }).toFixed(3)}`;
  const { colour } = seriesStyle(0);
  const frame = {
    title: options.title ?? 'Reliability: confidence against accuracy',
    description:
      options.description ??
      `Share of right answers over mean confidence in ${bins} bins, ${points.length} of them with examples; ${error} over ${confidences.length} examples. The diagonal is perfect calibration.`,
    width,
    height: side + GAP + MARGIN_BOTTOM,
    legend: [{ label: `bins of confidence (${error})`, colour, outline: colour }],
  };
  const axis = { domain: [0, 1], ticks: TICKS, labelAnchor: 'center', labelArrow: 'none' } as const;
  return drawPlot(FN, frame, (plot) => ({
    marginRight: MARGIN_RIGHT,
    x: { ...axis, label: 'Mean confidence of the bin' },
    y: { ...axis, label: 'Share of right answers', labelOffset: MARGIN_LEFT - 10 },
    r: { type: 'sqrt', domain: [0, confidences.length], range: [3, 16] },
    marks: [
      plot.gridX(TICKS, { stroke: GRID.light, strokeOpacity: 1 }),
      plot.gridY(TICKS, { stroke: GRID.light, strokeOpacity: 1 }),
      plot.line([[0, 0] as const, [1, 1] as const], { stroke: '#888', strokeDasharray: '4 4' }),
      plot.ruleX(points, { x: 'confidence', y1: 'confidence', y2: 'accuracy', stroke: colour, strokeWidth: 1.5 }),
      plot.dot(points, { x: 'confidence', y: 'accuracy', r: 'count', fill: colour, fillOpacity: 0.85 }),
    ],
  }));
}

/** Mean confidence, share of right answers and number of examples of every bin that has any. */
function filledBins(confidences: ArrayLike<number>, correct: ArrayLike<boolean | number>, bins: number) {
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < confidences.length; i++) {
    const sum = sums[confidenceBin(confidences[i]!, bins)]!;
    sum.count++;
    sum.confidence += confidences[i]!;
    sum.right += Number(correct[i]);
  }
  return sums
    .filter(({ count }) => count > 0)
    .map(({ count, confidence, right }) => ({ count, confidence: confidence / count, accuracy: right / count }));
}
