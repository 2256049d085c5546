import type { OodReport } from '../../evaluation/oodReport';
import { confidenceHistogramPlot } from '../confidenceHistogramPlot';
import { dataAddress } from '../encodePng';
import { rocPlot } from '../rocPlot';
import { type Markup, tag } from './markup';
import type { ReportPicture } from './types';

/** Two of them stand side by side on a wide page, and one can still be read on a phone. */
const WIDTH = 460;

/**
 * Pictures as figures. A picture is an image of its own inside the page, so that nothing in it can run, load or restyle
 * anything.
 */
export function figures(pictures: readonly ReportPicture[]): Markup[] {
  if (pictures.length === 0) return [];
  const drawn = pictures.map(({ svg, png, alt, caption }) => {
    const src =
      svg === undefined
        ? dataAddress('image/png', png!)
        : dataAddress('image/svg+xml', new TextEncoder().encode(svg.trim()));
    const below = caption === undefined ? [] : [tag('figcaption', {}, caption)];
    return tag('figure', {}, tag('img', { src, alt }), below);
  });
  return [tag('div', { class: 'figures' }, drawn)];
}

/** ROC curves and histograms of the rows whose scores a report keeps; none where it keeps none. */
export async function scorePictures(name: string, { rows }: OodReport): Promise<ReportPicture[]> {
  const kept = rows.flatMap(({ name: row, kind, scores }) =>
    scores !== undefined && scores.confidences.length > 0 ? [{ row, kind, ...scores }] : [],
  );
  if (kept.length === 0) return [];
  const reference = kept.find(({ kind }) => kind === 'in');
  const others = kept.filter(({ kind }) => kind !== 'in');
  const histogram = await confidenceHistogramPlot(
    // The in-distribution first, as in the table; the others have the colours of their ROC curves then.
    Object.fromEntries(
      [...(reference ? [reference] : []), ...others].map(({ row, confidences }) => [row, confidences]),
    ),
    { width: WIDTH, title: `${name}: distribution of confidence` },
  );
  const drawn = [{ svg: histogram, alt: `Histogram of the confidences of ${name}; the means are in the table above.` }];
  if (reference === undefined || others.length === 0) return drawn;
  const roc = await rocPlot(reference.logOdds, Object.fromEntries(others.map(({ row, logOdds }) => [row, logOdds])), {
    width: WIDTH,
    title: `${name}: ROC`,
  });
  return [...drawn, { svg: roc, alt: `ROC curves of ${name}; the areas below them are in the table above.` }];
}
