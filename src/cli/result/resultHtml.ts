import { boundsAt } from '../../core/bounds';
import { numbersOf } from '../../evaluation/measureBlocks';
import { attackInWords, type OodRow } from '../../evaluation/oodReport';
import { oodRows } from '../../evaluation/oodRows';
import { confidenceHistogramPlot } from '../../report/confidenceHistogramPlot';
import { oodReportHtml } from '../../report/html/oodReportHtml';
import type { ReportSection } from '../../report/html/types';
import { imageGrid } from '../../report/imageGrid';
import { rayPlot } from '../../report/rayPlot';
import { CURVE_ALPHAS, RAYS } from '../measure/rays';
import type { RunRecord } from '../measure/runRecord';
import { namesOf } from '../print/namesOf';
import { capitalised, percent } from '../print/text';
import { resultTable, thresholdText, titleOf } from './printResult';
import { className, type Result, takenFor } from './result';
import { lowestOf } from './verdict';

const WIDTH = 460;
/** Side of an image in the picture, in pixels. */
const SIDE = 84;

/** A result as one HTML file, which needs no network. */
export async function resultHtml(record: RunRecord, result: Result): Promise<string> {
  const { verdict, model, testError } = result;
  const { rows } = oodRows(record.measured, model, true, result.settings);
  const threshold = thresholdText(result);
  // A report in the form of the paper's Table 1 has a test error, so it needs data.
  const [name = model.file] = namesOf([model.file]);
  const reports = testError === null ? {} : { [name]: { ...result, testError, rows } };
  return oodReportHtml(reports, {
    title: `Confidence of ${name}`,
    verdict: { level: verdict.level, text: verdict.text },
    details: detailsOf(result),
    sections: [
      ...listed('What was found', [...verdict.details, ...(threshold ? [threshold.sentence] : []), ...result.notes]),
      ...listed('What to do next', verdict.next),
      ...(testError === null ? [tableSection(result)] : []),
      ...takenForSection(record),
      ...(await pictureSections(record, rows, testError === null)),
    ],
  });
}

function detailsOf(result: Result): Record<string, string | number> {
  const { model, backend, settings, version, data } = result;
  const attack = settings.adversarialNoise;
  return {
    model: titleOf(result),
    'model SHA-256': model.sha256,
    ...Object.fromEntries(
      Object.entries(data).map(([name, { path, samples }]) => [name, `${path}, ${samples} images`]),
    ),
    ...(attack && { attack: attackInWords(attack) }),
    seed: settings.seed,
    backend,
    'made by': `relu-overconfidence ${version}`,
  };
}

/** Paragraphs below a heading; nothing where there are none. */
export function listed(heading: string, paragraphs: readonly string[]): ReportSection[] {
  return paragraphs.length === 0 ? [] : [{ heading, paragraphs }];
}

function tableSection(result: Result): ReportSection {
  const { head, cells } = resultTable(result);
  const paragraphs = [`The lowest mean confidence possible is ${lowestOf(result.model).toFixed(3)}.`];
  const columns = ['Images', ...head.slice(1).map(capitalised)];
  return { heading: 'Mean confidence', paragraphs, table: { columns, rows: cells } };
}

/** Images of each row, and confidence along rays; with `histogram` the distribution of confidence too. `name`: of which of several. */
export async function pictureSections(
  record: RunRecord,
  rows: readonly OodRow[],
  histogram: boolean,
  name?: string,
): Promise<ReportSection[]> {
  const sections = [
    histogram ? await histogramSection(rows) : undefined,
    await imageSection(record),
    await raySection(record),
  ];
  return sections
    .filter((section) => section !== undefined)
    .map((section) => (name === undefined ? section : { ...section, heading: `${section.heading}: ${name}` }));
}

/** Which class each row is taken for most often. */
function takenForSection(record: RunRecord): ReportSection[] {
  const rows = Object.keys(record.measured).flatMap((row) => {
    const taken = takenFor(record, row);
    return taken === undefined ? [] : [[row, taken.name, percent(taken.share)]];
  });
  if (rows.length === 0) return [];
  return [{ heading: 'What it takes them for', table: { columns: ['Images', 'Most often', 'Share'], rows } }];
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
async function imageSection({ run, measured }: RunRecord): Promise<ReportSection | undefined> {
  const [height = 1, width = 1, channels = 1] = run.model.inputShape;
  const rows = Object.entries(measured).flatMap(([label, one]) => {
    const images = Float32Array.from(numbersOf(one, 'pixels'));
    const count = images.length / (height * width * channels);
    if (count === 0 || one.failed !== undefined) return [];
    const captions = Array.from(numbersOf(one, 'logOdds').subarray(0, count), (odds) =>
      (1 / (1 + Math.exp(-odds))).toFixed(2),
    );
    const classes = Array.from(numbersOf(one, 'predicted').subarray(0, count), (k) => className(run.model, k));
    return [{ classes, row: { label, images, captions, count, height, width, channels } }];
  });
  if (rows.length === 0) return undefined;
  const scale = Math.max(1, Math.round(SIDE / Math.max(height, width)));
  const png = await imageGrid({ rows: rows.map(({ row }) => row), scale, bounds: boundsAt(run.model.bounds, 0) });
  const seen = rows.map(({ classes, row: { label, captions } }) => {
    const named = classes.map((name, i) => `${name} ${captions[i]}`);
    return `${label} with ${named.join(', ')}`;
  });
  const alt = `The first images of each row: ${seen.join('; ')}.`;
  return {
    heading: 'What it saw',
    paragraphs: ['The first images of each row, with the confidence below each.'],
    pictures: [{ png, alt }],
  };
}

async function raySection({ measured }: RunRecord): Promise<ReportSection | undefined> {
  const rayRecord = measured[RAYS];
  if (rayRecord === undefined || rayRecord.failed !== undefined) return undefined;
  const curves = numbersOf(rayRecord, 'curves');
  const limits = numbersOf(rayRecord, 'limits');
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
