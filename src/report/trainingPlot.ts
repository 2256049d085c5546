import { checkFraction, refuse, show } from '../core/check';
import { drawPlot, GAP, MARGIN_BOTTOM, shareAxis } from './drawPlot';
import { seriesStyle } from './palette';
import { checkPlotLook, GRID, type PlotLook, type Point } from './plotLook';

/** A model measured during its training: shares and mean confidences in [0, 1]. */
export interface MeasuredModel {
  /** Share of wrong predictions. */
  readonly error: number;
  /** Mean confidence on data. */
  readonly confidence: number;
  /** Mean confidence on noise. */
  readonly noise: number;
  /** Mean confidence on attacked noise. */
  readonly attackedNoise: number;
}

/** What `fineTune` returns: the model before, after some updates, and which of them were kept. */
export interface FineTuneCourse {
  /** The model as it came. */
  readonly before: MeasuredModel;
  /** What was measured on the way. */
  readonly checks: readonly (MeasuredModel & {
    /** Updates made until then. */
    readonly update: number;
  })[];
  /** The update whose weights are the best. */
  readonly best?: number;
}

/** What `fit` returns. */
export interface FitCourse {
  /** One record for each epoch. */
  readonly epochs: readonly {
    /** Its number, from 0. */
    readonly epoch: number;
    /** Mean confidence on the noise of the epoch; null for plain training. */
    readonly outConfidence: number | null;
    /** On validation data; null without them. */
    readonly validation: {
      /** Share of wrong predictions. */
      readonly error: number;
      /** Mean confidence. */
      readonly meanMaxConfidence: number;
    } | null;
  }[];
}

/** Look of a {@link trainingPlot}. */
export interface TrainingPlotOptions extends PlotLook {}

const FN = 'trainingPlot';
const HEIGHT = 300;

/**
 * Draws the course of a training as a standalone SVG file: the error and the mean confidences on data, on noise and on attacked
 * noise after each measurement of `fineTune`, or those of them that the epochs of `fit` tell.
 *
 * A dashed line marks the weights that `fineTune` found best. Needs the optional packages `@observablehq/plot` and, outside browsers,
 * `linkedom`.
 *
 * @param course - The result of `fineTune`, or the history of `fit`.
 * @throws OverconfidenceError `INVALID_ARGUMENT` for anything else, `EMPTY_INPUT` for one without numbers to draw,
 * `INVALID_OPTION` for a number outside [0, 1], a bad title or width, `MISSING_DEPENDENCY` without the packages.
 *
 * @example
 * ```ts
 * import { trainingPlot } from 'relu-overconfidence/report';
 *
 * const before = { error: 0.05, confidence: 0.99, noise: 0.8, attackedNoise: 1 };
 * const checks = [{ update: 30, error: 0.06, confidence: 0.9, noise: 0.2, attackedNoise: 0.4 }];
 * const svg = await trainingPlot({ before, checks, best: 30 }, { title: 'Digits' });
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export async function trainingPlot(
  course: FineTuneCourse | FitCourse,
  options: TrainingPlotOptions = {},
): Promise<string> {
  checkPlotLook(FN, options, {});
  const { along, last, lines, best } = read(course);
  const curves = lines.map(({ label, points }, i) => ({
    label: `${label} (${points.at(-1)![1].toFixed(3)})`,
    points,
    ...seriesStyle(i),
  }));
  const { width = 640 } = options;
  const frame = {
    title: options.title ?? 'Course of the training',
    description:
      options.description ??
      `Shares over ${along}, with the last in brackets: ${curves.map(({ label }) => label).join('; ')}.${best === undefined ? '' : ` The best weights are those after ${best} ${along}.`}`,
    width,
    height: HEIGHT + GAP + MARGIN_BOTTOM,
    legend: curves,
  };
  return drawPlot(FN, frame, (plot) => ({
    marginRight: 20,
    x: { domain: [0, last], label: along, labelAnchor: 'center', labelArrow: 'none', ticks: 6 },
    y: shareAxis('Share of errors, mean confidence'),
    marks: [
      plot.gridX({ ticks: 6, stroke: GRID.light, strokeOpacity: 1 }),
      plot.gridY({ ticks: 6, stroke: GRID.light, strokeOpacity: 1 }),
      ...(best === undefined ? [] : [plot.ruleX([best], { stroke: '#888', strokeDasharray: '4 4' })]),
      ...curves.map(({ points, colour, dash }) =>
        plot.line(points, { stroke: colour, strokeWidth: 2, strokeDasharray: dash }),
      ),
    ],
  }));
}

/** What is drawn. */
interface Curves {
  /** What is counted to the right. */
  readonly along: 'updates' | 'epochs';
  readonly last: number;
  readonly lines: readonly { readonly label: string; readonly points: readonly Point[] }[];
  readonly best?: number;
}

function read(course: FineTuneCourse | FitCourse): Curves {
  const where = { fn: FN, argument: 'course' };
  const isFineTune = Array.isArray((course as FineTuneCourse | null)?.checks);
  if (!isFineTune && !Array.isArray((course as FitCourse | null)?.epochs))
    refuse(where, 'INVALID_ARGUMENT', 'the result of fineTune or of fit', show(course), 'Pass it as it is.');
  const curves = isFineTune ? ofFineTune(course as FineTuneCourse) : ofFit(course as FitCourse);
  if (curves.lines.length === 0)
    refuse(where, 'EMPTY_INPUT', 'a training with something measured', 'one without', 'Pass `validation` to fit.');
  for (const { points } of curves.lines) for (const [, share] of points) checkFraction(where, share);
  return curves;
}

function ofFineTune({ before, checks, best }: FineTuneCourse): Curves {
  const all = [{ ...before, update: 0 }, ...checks];
  const line = (label: string, of: (model: MeasuredModel) => number) => ({
    label,
    points: all.map((model): Point => [model.update, of(model)]),
  });
  const lines = [
    line('error', ({ error }) => error),
    line('confidence on data', ({ confidence }) => confidence),
    line('on noise', ({ noise }) => noise),
    line('on attacked noise', ({ attackedNoise }) => attackedNoise),
  ];
  const [drawn, last] = [checks.length > 0, checks.at(-1)?.update ?? 0];
  return { along: 'updates', last, lines: drawn ? lines : [], ...(best !== undefined && best > 0 && { best }) };
}

function ofFit({ epochs }: FitCourse): Curves {
  const line = (label: string, of: (record: FitCourse['epochs'][number]) => number | null | undefined) => ({
    label,
    points: epochs.flatMap((record): Point[] => {
      const share = of(record);
      return share === null || share === undefined ? [] : [[record.epoch + 1, share]];
    }),
  });
  const lines = [
    line('error', ({ validation }) => validation?.error),
    line('confidence on data', ({ validation }) => validation?.meanMaxConfidence),
    line('on noise', ({ outConfidence }) => outConfidence),
  ].filter(({ points }) => points.length > 0);
  return { along: 'epochs', last: epochs.length, lines };
}
