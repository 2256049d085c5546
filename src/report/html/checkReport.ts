import { checkOneOf, refuse, show, type Where } from '../../core/check';
import { checkKeys, type KeysOf } from '../../core/checkKeys';
import { checkReports, type OodReport } from '../../evaluation/oodReport';
import type { OodReportHtmlOptions, ReportPicture, ReportSection, ReportTable } from './types';

const FN = 'oodReportHtml';
const KEYS: KeysOf<OodReportHtmlOptions> = { title: true, lang: true, verdict: true, details: true, sections: true };
const SECTION_KEYS: KeysOf<ReportSection> = { heading: true, paragraphs: true, table: true, pictures: true };
const PICTURE_KEYS: KeysOf<ReportPicture> = { svg: true, png: true, alt: true, caption: true };
/** The first bytes of every PNG file. */
const PNG = [0x89, 0x50, 0x4e, 0x47];

/** Refuses what no page can be made of: values that are not reports or texts, pictures without a file. */
export function checkReport(reports: Readonly<Record<string, OodReport>>, options: OodReportHtmlOptions): void {
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
