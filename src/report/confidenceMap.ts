import { checkFunction, checkWhole, refuse } from '../core/check';
import { checkConfidences } from '../metrics/checkScores';
import { drawPlot, GAP, MARGIN_BOTTOM, MARGIN_LEFT } from './drawPlot';
import { boxAxes, colourBar, dotLegend, dotMark, dotsOf, pictureMark } from './mapLayers';
import { type ConfidenceMapOptions, checkMap } from './mapTypes';
import { type Cells, cellCentres, cellsOf, paintCells } from './paintCells';
import { checkPlotLook } from './plotLook';

const FN = 'confidenceMap';
const MARGIN_RIGHT = 84;

/**
 * Draws the confidence of a classifier over a part of the plane, as a standalone SVG file.
 *
 * The colours always run from 1/K (dark blue) to 1 (yellow), so two maps can be compared. Show a box several times as
 * large as the data to see what happens far away. Needs the optional packages `@observablehq/plot`, `fast-png` and,
 * outside browsers, `linkedom`.
 *
 * @param confidence - Gives the confidence in [0, 1] at each of N points; called once, with coordinates `[N, 2]`
 * row-major. The points are the centres of the cells, by rows from the top.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `confidence` is not a function, `INVALID_OPTION` if an option is out of
 * range, `INVALID_SHAPE` if it returns another number of confidences, or `points.x` is not twice as long as `points.y`,
 * `NON_FINITE` or `OUT_OF_BOUNDS` if it returns something other than confidences, `INVALID_LABELS` for classes of points
 * that are not whole numbers from 0 to K - 1, `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import { confidenceMap } from 'relu-overconfidence/report';
 *
 * // The plane x = 0 parts two classes; confidence grows with the distance from it.
 * const logistic = async (points: Float32Array) =>
 *   Float64Array.from({ length: points.length / 2 }, (_, i) => 1 / (1 + Math.exp(-Math.abs(points[2 * i]!))));
 * const svg = await confidenceMap(logistic, { box: { x: [-5, 5], y: [-5, 5] }, resolution: 50 });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function confidenceMap(
  confidence: (points: Float32Array) => ArrayLike<number> | Promise<ArrayLike<number>>,
  options: ConfidenceMapOptions = {},
): Promise<string> {
  checkPlotLook(FN, options, { box: true, resolution: true, classes: true, points: true });
  const { box = { x: [0, 1], y: [0, 1] }, resolution = 200, classes = 2, points, width = 640 } = options;
  checkFunction({ fn: FN, argument: 'confidence' }, confidence);
  checkWhole({ fn: FN, argument: 'resolution' }, resolution, 2);
  checkWhole({ fn: FN, argument: 'classes' }, classes, 2);
  checkMap(FN, box, points, classes);
  const [left, right] = box.x;
  const [bottom, top] = box.y;
  const aspect = (top - bottom) / (right - left);
  const cells = cellsOf(box, resolution);
  const values = checkAnswer(await confidence(cellCentres(box, cells)), cells);
  const innerWidth = width - MARGIN_LEFT - MARGIN_RIGHT;
  const innerHeight = Math.round(innerWidth * aspect);
  const picture = await paintCells(FN, values, cells, classes);
  const dots = dotsOf(points);
  const mean = values.reduce((sum, c) => sum + c, 0) / values.length;
  const frame = {
    title: options.title ?? 'Confidence of the classifier',
    description:
      options.description ??
      `Confidence over the plane, x from ${left} to ${right}, y from ${bottom} to ${top}, on average ${mean.toFixed(3)}.`,
    width,
    height: innerHeight + GAP + MARGIN_BOTTOM,
    legend: dotLegend(dots),
    beside: (document: Document, from: number) =>
      colourBar(document, { left: width - MARGIN_RIGHT + 14, top: from, height: innerHeight, low: 1 / classes }),
  };
  return drawPlot(FN, frame, (plot) => ({
    marginRight: MARGIN_RIGHT,
    ...boxAxes(box),
    marks: [pictureMark(plot, picture, box, { width: innerWidth, height: innerHeight }), dotMark(plot, dots, box)],
  }));
}

/** The confidences that came back; what float32 rounding lifted over 1 becomes 1. */
function checkAnswer(answer: ArrayLike<number>, { columns, rows }: Cells): Float64Array {
  const where = { fn: FN, argument: 'confidence' };
  const values = Float64Array.from(answer, (c) => (c > 1 && c <= 1 + 1e-6 ? 1 : c));
  checkConfidences(where, values);
  if (values.length !== columns * rows)
    refuse(
      where,
      'INVALID_SHAPE',
      `a function that returns one confidence for each of ${columns * rows} points`,
      `${values.length}`,
      'Its argument holds two coordinates per point.',
    );
  return values;
}
