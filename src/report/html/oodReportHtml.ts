import { checkKeys, checkOneOf, type KeysOf, refuse, show, type Where } from '../../core/check';
import { checkReports, type OodReport } from '../../evaluation/oodReport';
import { confidenceHistogramPlot } from '../confidenceHistogramPlot';
import { dataAddress } from '../paintCells';
import { rocPlot } from '../rocPlot';
import { type Content, type Markup, render, tag } from './markup';
import { plainTable, resultsTable, settingsTable } from './tables';
import type { OodReportHtmlOptions, ReportPicture, ReportSection, ReportTable, ReportVerdict } from './types';

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
    paragraphs.map((text) => tag('p', {}, ...prose(text))),
    table === undefined ? [] : plainTable(heading, table),
    figures(pictures),
  );
}

/** An option with what looks like its value, and a command up to the end of its sentence. */
const OPTION = /(--[a-z][a-z-]*(?: (?:[A-Z]+(?:,[A-Z]+)*|yes|no|-?\d(?:[\d.,-]*\d)?)\b)?)/;
const COMMAND = /(relu-overconfidence [a-z]+ .+?(?=\. [A-Z]|$))/;

/** Commands and options in a text, such as `--bounds 0,255`; the latter stay whole at the end of a line. */
function prose(text: string): Content[] {
  return text
    .split(COMMAND)
    .flatMap((part, i) => (i % 2 === 1 ? tag('code', {}, ...options(part, 'span')) : options(part, 'code')));
}

function options(text: string, name: 'code' | 'span'): Content[] {
  return text.split(OPTION).map((part, i) => (i % 2 === 1 ? tag(name, { class: 'option' }, part) : part));
}

/** The style of a report: light and dark, wide and narrow, and on paper. */
const STYLESHEET = `
:root{color-scheme:light dark;--ink:#222;--soft:#55555c;--paper:#fff;--raised:#f4f4f5;--line:#c9c9d0;--focus:#0072b2;
--good:#00634a;--warning:#7a4b00;--bad:#a12600}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e4e4e7;--soft:#b4b4bd;--paper:#18181b;--raised:#27272a;--line:#52525b;
--focus:#56b4e9;--good:#4fd1a5;--warning:#f0b94d;--bad:#ff9e73}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;line-height:1.3;margin:2.25rem 0 .75rem;overflow-wrap:anywhere}
p{max-width:48rem;margin:.5rem 0;overflow-wrap:anywhere}
.verdict{max-width:none;border:2px solid;border-left-width:.6rem;border-radius:.4rem;padding:.75rem 1rem;font-size:1.1rem;background:var(--raised)}
.verdict strong,.verdict{border-color:currentColor}
.verdict span{color:var(--ink)}
.good{color:var(--good)}.warning{color:var(--warning)}.bad{color:var(--bad)}.comparison{color:var(--focus)}
.details{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.2rem 1.25rem;margin:1rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:.75rem 0}
.scroll:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding-bottom:.4rem;max-width:calc(100vw - 2rem)}
section caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
th,td{padding:.35rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{background:var(--raised)}
tbody th{font-weight:600;min-width:10rem;overflow-wrap:anywhere}
.number{text-align:right;white-space:nowrap}
thead .number{white-space:normal}
code{font:.9em ui-monospace,monospace}.option{white-space:nowrap}
.first{border-left:2px solid var(--line)}
small,.note,figcaption,footer{color:var(--soft);font-size:.9rem}
small{font-weight:400}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem;margin:1rem 0;align-items:start}
figure,figure.scroll{margin:0}
figure.scroll img{max-width:max(100%,34rem)}
figure img{display:block;max-width:100%;height:auto;border:1px solid var(--line);border-radius:.3rem}
footer{margin-top:2.5rem;padding-bottom:2rem}
@media (max-width:500px){th,td{padding:.35rem .4rem}tbody th{min-width:6.5rem}}
@media print{:root{color-scheme:light}body{font-size:10pt}.scroll{overflow:visible}h2{break-after:avoid}figure,tr,.verdict{break-inside:avoid}thead{display:table-header-group}}
`;

/** Two of them stand side by side on a wide page, and one can still be read on a phone. */
const WIDTH = 460;

/**
 * Pictures as figures. A picture is an image of its own inside the page, so that nothing in it can run, load or restyle
 * anything.
 */
function figures(pictures: readonly ReportPicture[]): Markup[] {
  if (pictures.length === 0) return [];
  const drawn = pictures.map(({ svg, png, alt, caption }) => {
    const src =
      svg === undefined
        ? dataAddress('image/png', png!)
        : dataAddress('image/svg+xml', new TextEncoder().encode(svg.trim()));
    const below = caption === undefined ? [] : [tag('figcaption', {}, caption)];
    // Pictures made of pixels are wide, and unreadable on a phone unless they are scrolled, with the keyboard too.
    const scrolled = svg === undefined ? { class: 'scroll', tabindex: 0 } : {};
    return tag('figure', scrolled, tag('img', { src, alt }), below);
  });
  return [tag('div', { class: 'figures' }, drawn)];
}

/** ROC curves and histograms of the rows whose scores a report keeps; none where it keeps none. */
async function scorePictures(name: string, { rows }: OodReport): Promise<ReportPicture[]> {
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

const FN = 'oodReportHtml';
const KEYS: KeysOf<OodReportHtmlOptions> = { title: true, lang: true, verdict: true, details: true, sections: true };
const SECTION_KEYS: KeysOf<ReportSection> = { heading: true, paragraphs: true, table: true, pictures: true };
const PICTURE_KEYS: KeysOf<ReportPicture> = { svg: true, png: true, alt: true, caption: true };
/** The first bytes of every PNG file. */
const PNG = [0x89, 0x50, 0x4e, 0x47];

/** Refuses what no page can be made of: values that are not reports or texts, pictures without a file. */
function checkReport(reports: Readonly<Record<string, OodReport>>, options: OodReportHtmlOptions): void {
  const at = (argument: string): Where => ({ fn: FN, argument });
  checkKeys(at('options'), options, KEYS);
  const { title, lang, verdict, details, sections = [] } = options;
  checkReports(at('reports'), reports);
  if (title !== undefined) checkText(at('title'), title);
  if (lang !== undefined && !(typeof lang === 'string' && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(lang)))
    refuse(at('lang'), 'INVALID_OPTION', 'a language such as "en" or "pt-BR"', show(lang), 'Leave it out for English.');
  if (verdict !== undefined) {
    checkKeys(at('verdict'), verdict, { level: true, text: true });
    checkOneOf(at('verdict.level'), verdict.level, ['good', 'warning', 'bad', 'none', 'comparison']);
    checkText(at('verdict.text'), verdict.text);
  }
  for (const [name, value] of Object.entries(details ?? {}))
    if (typeof value !== 'number') checkText(at(`details.${name}`), value);
  if (!Array.isArray(sections))
    refuse(at('sections'), 'INVALID_OPTION', 'an array', show(sections), 'Pass [{ heading, paragraphs }].');
  for (const [i, section] of sections.entries()) checkSection(`sections[${i}]`, section);
  if (Object.keys(reports).length + sections.length === 0 && verdict === undefined)
    refuse(at('reports'), 'EMPTY_INPUT', 'not empty', 'nothing to report', 'Pass a report, a verdict or a section.');
}

/** Refuses a section whose texts are not texts, with a ragged table, or a picture without a file. */
function checkSection(path: string, section: ReportSection): void {
  const at = (part: string): Where => ({ fn: FN, argument: `${path}${part}` });
  if (section === null || typeof section !== 'object')
    refuse(at(''), 'INVALID_OPTION', 'an object', show(section), 'Pass { heading, paragraphs, table, pictures }.');
  checkKeys(at(''), section, SECTION_KEYS);
  const { heading, paragraphs = [], table, pictures = [] } = section;
  checkText(at('.heading'), heading);
  for (const [list, name] of [
    [paragraphs, '.paragraphs'],
    [pictures, '.pictures'],
  ] as const)
    if (!Array.isArray(list)) refuse(at(name), 'INVALID_OPTION', 'an array', show(list), 'Put it into brackets.');
  for (const [i, text] of paragraphs.entries()) checkText(at(`.paragraphs[${i}]`), text);
  if (table !== undefined) checkTable(at('.table'), table);
  for (const [i, picture] of pictures.entries()) checkPicture(at(`.pictures[${i}]`), picture);
}

function checkTable(where: Where, table: ReportTable): void {
  if (!Array.isArray(table?.columns) || !Array.isArray(table.rows) || table.columns.length === 0)
    refuse(where, 'INVALID_OPTION', 'a table', show(table), 'Pass { columns: [...], rows: [[...], ...] }.');
  checkKeys(where, table, { columns: true, rows: true });
  const { columns, rows } = table;
  for (const column of columns) checkText(where, column);
  for (const [i, row] of rows.entries())
    if (!Array.isArray(row) || row.length !== columns.length || !row.every(isCell))
      refuse(
        where,
        'INVALID_OPTION',
        `rows of ${columns.length} texts, numbers or nulls`,
        `${show(row)} as row ${i}`,
        'Fill what is not known with null.',
      );
}

function isCell(cell: unknown): boolean {
  return cell === null || typeof cell === 'string' || typeof cell === 'number';
}

function checkPicture(where: Where, picture: ReportPicture): void {
  const { svg, png, alt, caption } = picture ?? {};
  const isSvg = typeof svg === 'string' && /^\s*(<\?xml[^>]*>\s*)?<svg[\s/>]/.test(svg);
  const isPng = png instanceof Uint8Array && PNG.every((byte, i) => png[i] === byte);
  if (!(png === undefined ? isSvg : svg === undefined && isPng))
    refuse(
      where,
      'INVALID_OPTION',
      'an SVG or a PNG file, one of the two',
      `svg: ${typeof svg === 'string' ? show(svg.slice(0, 20)) : show(svg)}, png: ${show(png)}`,
      'Pass { svg, alt } or { png, alt } with what a function of this entry point returned.',
    );
  checkKeys(where, picture, PICTURE_KEYS);
  checkText({ fn: where.fn, argument: `${where.argument}.alt` }, alt);
  if (caption !== undefined) checkText({ fn: where.fn, argument: `${where.argument}.caption` }, caption);
}

/** A text that is not empty. */
function checkText(where: Where, text: unknown): void {
  if (typeof text !== 'string' || text.trim() === '')
    refuse(where, 'INVALID_OPTION', 'a text that is not empty', show(text), 'Say it in words.');
}
