import type { OodReport } from '../../evaluation/oodReport';
import { checkReport } from './checkReport';
import { figures, scorePictures } from './figures';
import { type Markup, render, tag } from './markup';
import { STYLESHEET } from './stylesheet';
import { plainTable, resultsTable, settingsTable } from './tables';
import type { OodReportHtmlOptions, ReportSection, ReportVerdict } from './types';

/** Nothing may be loaded and nothing may run; browsers see to it. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
const LEVELS: Readonly<Record<ReportVerdict['level'], string>> = {
  good: '✔ Good',
  warning: '▲ Warning',
  bad: '✖ Bad',
  none: '? No verdict',
  comparison: '⇄ Comparison',
};
const READING =
  'MMC is the mean of the largest softmax probability, ± its standard error: high is right in the in-distribution alone, and 1 / K is the lowest possible with K classes. AUROC is the chance that an image of the in-distribution gets more confidence than one of the row: 1 is best, 0.5 is chance. FPR@95 is the share of the row that passes a threshold which 95 % of the in-distribution pass: 0 is best.';

/**
 * Writes reports of `evaluateOod`, a verdict and further findings as one HTML file, for people to read in any browser.
 *
 * The file needs no network and no script. It follows the reader's choice of light or dark, fits a phone, prints, and works
 * with a screen reader. Everything passed in is escaped; pictures become images inside the file. Reports that keep their
 * scores (`keepScores: true`) get a histogram and ROC curves, which need the optional packages `@observablehq/plot` and,
 * outside browsers, `linkedom`.
 *
 * @param reports - Reports by the name of their model or method, shown side by side as in Table 1 of arXiv 1812.05720; it may
 * be empty if there is a verdict or a section.
 * @returns The text of the file.
 * @throws OverconfidenceError `INVALID_ARGUMENT` for anything but reports; `EMPTY_INPUT` if there is nothing to report;
 * `INVALID_OPTION` for a bad option; `MISSING_DEPENDENCY` if there is something to draw, without the packages.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { evaluateOod } from 'relu-overconfidence';
 * import { oodReportHtml } from 'relu-overconfidence/report';
 *
 * const data = { x: tf.tensor2d([[0.9, 0.1], [0.2, 0.6]]), y: tf.tensor1d([0, 1]) };
 * const options = { in: data, out: { center: tf.fill([3, 2], 0.5) }, noise: false, keepScores: true } as const;
 * const report = await evaluateOod((x) => tf.mul(x, 20) as tf.Tensor2D, {
 *   ...options,
 *   adversarialNoise: false,
 *   adversarialSamples: false,
 * });
 * const html = await oodReportHtml(
 *   { steep: report },
 *   { verdict: { level: 'good', text: 'Unsure in the center.' }, details: { backend: 'cpu' } },
 * );
 * console.log(html.startsWith('<!doctype html>')); // true
 * ```
 */
export async function oodReportHtml(
  reports: Readonly<Record<string, OodReport>>,
  options: OodReportHtmlOptions = {},
): Promise<string> {
  checkReport(reports, options);
  const { title = 'Confidence report', lang = 'en', verdict, details = {}, sections = [] } = options;
  const pictures = await Promise.all(Object.entries(reports).map(([name, report]) => scorePictures(name, report)));
  const measured = Object.keys(reports).length > 0;
  const head = tag(
    'head',
    {},
    tag('meta', { charset: 'utf-8' }),
    tag('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    tag('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    tag('link', { rel: 'icon', href: 'data:,' }),
    tag('title', {}, title),
    // The one text that is no content: escaping would break its selectors.
    { markup: `<style>${STYLESHEET}</style>` },
  );
  const body = tag(
    'body',
    {},
    tag('header', {}, tag('h1', {}, title), verdictBox(verdict), detailList(details)),
    tag(
      'main',
      {},
      measured ? [tag('h2', {}, 'Results'), ...resultsTable(reports), tag('p', { class: 'note' }, READING)] : [],
      figures(pictures.flat()),
      sections.map(sectionOf),
      measured ? [tag('h2', {}, 'How it was measured'), settingsTable(reports)] : [],
    ),
    tag('footer', {}, 'Made by relu-overconfidence.'),
  );
  return `<!doctype html>\n${render(tag('html', { lang }, head, body))}\n`;
}

function verdictBox(verdict: ReportVerdict | undefined): Markup[] {
  if (verdict === undefined) return [];
  const { level, text } = verdict;
  return [tag('p', { class: `verdict ${level}` }, tag('strong', {}, `${LEVELS[level]}: `), tag('span', {}, text))];
}

function detailList(details: Readonly<Record<string, string | number>>): Markup[] {
  const entries = Object.entries(details);
  if (entries.length === 0) return [];
  const items = entries.map(([name, value]) => [tag('dt', {}, name), tag('dd', {}, String(value))]);
  return [tag('dl', { class: 'details' }, items)];
}

function sectionOf({ heading, paragraphs = [], table, pictures = [] }: ReportSection): Markup {
  return tag(
    'section',
    {},
    tag('h2', {}, heading),
    paragraphs.map((text) => tag('p', {}, text)),
    table === undefined ? [] : plainTable(heading, table),
    figures(pictures),
  );
}
