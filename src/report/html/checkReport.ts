import { checkOneOf, refuse, show, type Where } from '../../core/check';
import { checkReports } from '../../evaluation/checkReports';
import type { OodReport } from '../../evaluation/oodReport';
import { checkSection } from './checkSection';
import { checkText } from './checkText';
import type { OodReportHtmlOptions } from './types';

const FN = 'oodReportHtml';

/** Refuses what no page can be made of: reports that are none, texts that are none, pictures without a file. */
export function checkReport(reports: Readonly<Record<string, OodReport>>, options: OodReportHtmlOptions): void {
  const { title, lang, verdict, details, sections = [] } = options;
  const at = (argument: string): Where => ({ fn: FN, argument });
  checkReports(at('reports'), reports);
  if (title !== undefined) checkText(at('title'), title);
  if (lang !== undefined && !(typeof lang === 'string' && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(lang)))
    refuse(at('lang'), 'INVALID_OPTION', 'a language such as "en" or "pt-BR"', show(lang), 'Leave it out for English.');
  if (verdict !== undefined) {
    checkOneOf(at('verdict.level'), verdict?.level, ['good', 'warning', 'bad']);
    checkText(at('verdict.text'), verdict.text);
  }
  for (const [name, value] of Object.entries(details ?? {}))
    if (typeof value !== 'number') checkText(at(`details.${name}`), value);
  if (!Array.isArray(sections))
    refuse(at('sections'), 'INVALID_OPTION', 'an array', show(sections), 'Pass [{ heading, paragraphs }].');
  for (const [i, section] of sections.entries()) checkSection(FN, `sections[${i}]`, section);
  if (Object.keys(reports).length + sections.length === 0 && verdict === undefined)
    refuse(at('reports'), 'EMPTY_INPUT', 'not empty', 'nothing to report', 'Pass a report, a verdict or a section.');
}
