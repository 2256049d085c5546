import { refuse, show, type Where } from '../../core/check';
import { checkText } from './checkText';
import type { ReportPicture, ReportSection, ReportTable } from './types';

/** The first bytes of every PNG file. */
const PNG = [0x89, 0x50, 0x4e, 0x47];

/** Refuses a section with texts that are none, a ragged table, or a picture that is none. */
export function checkSection(fn: string, path: string, section: ReportSection): void {
  const at = (part: string): Where => ({ fn, argument: `${path}${part}` });
  if (section === null || typeof section !== 'object')
    refuse(at(''), 'INVALID_OPTION', 'an object', show(section), 'Pass { heading, paragraphs, table, pictures }.');
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
  checkText({ fn: where.fn, argument: `${where.argument}.alt` }, alt);
  if (caption !== undefined) checkText({ fn: where.fn, argument: `${where.argument}.caption` }, caption);
}
