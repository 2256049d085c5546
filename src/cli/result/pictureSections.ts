import type { OodRow } from '../../evaluation/oodReport';
import { confidenceHistogramPlot } from '../../report/confidenceHistogramPlot';
import type { ReportSection } from '../../report/html/types';
import { imageGrid } from '../../report/imageGrid';
import { rayPlot } from '../../report/rayPlot';
import { CURVE_ALPHAS, RAYS } from '../measure/rayTask';
import { numbersOf, type RunRecord } from '../measure/record';

const WIDTH = 460;
/** Side of an image in the picture, in pixels. */
const SIDE = 84;

/** Images of each row, and confidence along rays; with `histogram` the distribution of confidence too. */
export async function pictureSections(
  record: RunRecord,
  rows: readonly OodRow[],
  histogram: boolean,
): Promise<ReportSection[]> {
  const sections = [
    histogram ? await histogramSection(rows) : undefined,
    await imageSection(record),
    await raySection(record),
  ];
  return sections.filter((section) => section !== undefined);
}

async function histogramSection(rows: readonly OodRow[]): Promise<ReportSection | undefined> {
  const sets = rows.flatMap(({ name, scores }) =>
    scores && scores.confidences.length > 0 ? [[name, scores.confidences] as const] : [],
  );
  if (sets.length === 0) return undefined;
  const svg = await confidenceHistogramPlot(Object.fromEntries(sets), { width: WIDTH });
  const alt = 'Histogram of the confidences; their means are in the table above.';
  return { heading: 'How confidence is distributed', pictures: [{ svg, alt }] };
}

/** The first images of each row with the confidence under each. */
async function imageSection({ run, tasks }: RunRecord): Promise<ReportSection | undefined> {
  const [height = 1, width = 1, channels = 1] = run.model.inputShape;
  const rows = Object.entries(tasks).flatMap(([label, task]) => {
    const images = Float32Array.from(numbersOf(task, 'pixels'));
    const count = images.length / (height * width * channels);
    if (count === 0 || task.failed !== undefined) return [];
    const captions = Array.from(numbersOf(task, 'logOdds').subarray(0, count), (odds) =>
      (1 / (1 + Math.exp(-odds))).toFixed(2),
    );
    return [{ label, images, captions, count, height, width, channels }];
  });
  if (rows.length === 0) return undefined;
  const scale = Math.max(1, Math.round(SIDE / Math.max(height, width)));
  const png = await imageGrid({ rows, scale, bounds: run.model.bounds });
  const alt = `The first images of each row: ${rows.map(({ label, captions }) => `${label} with confidences ${captions.join(', ')}`).join('; ')}.`;
  return {
    heading: 'What it saw',
    paragraphs: ['The first images of each row, with the confidence below each.'],
    pictures: [{ png, alt }],
  };
}

async function raySection({ tasks }: RunRecord): Promise<ReportSection | undefined> {
  const task = tasks[RAYS];
  if (task === undefined) return undefined;
  const curves = numbersOf(task, 'curves');
  const limits = numbersOf(task, 'limits');
  const points = CURVE_ALPHAS.length;
  const rays = Array.from({ length: curves.length / points }, (_, i) => ({
    name: `ray ${i + 1}`,
    alphas: CURVE_ALPHAS,
    confidences: curves.slice(i * points, (i + 1) * points),
    limit: Math.min(1, limits[i]!),
  }));
  const svg = await rayPlot(rays, { width: WIDTH });
  return {
    heading: 'What happens far away',
    paragraphs: ['Uniform noise x, multiplied by alpha: beyond the bounds a ReLU network grows ever surer.'],
    pictures: [
      { svg, alt: `Confidence along ${rays.length} rays as alpha grows from 1 to 10,000, with the exact limits.` },
    ],
  };
}
