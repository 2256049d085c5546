import { oodReportHtml } from '../../report/html/oodReportHtml';
import type { ReportSection } from '../../report/html/types';
import type { RunRecord } from '../measure/record';
import { pictureSections } from './pictureSections';
import { titleOf } from './printResult';
import type { Result } from './result';
import { rowsOf } from './rows';
import { resultTable } from './table';

/** A result as one HTML file, which needs no network. */
export async function resultHtml(record: RunRecord, result: Result): Promise<string> {
  const { verdict, model, threshold, testError } = result;
  const { rows } = rowsOf(record, true);
  // A report in the form of the paper's Table 1 has a test error, so it needs data.
  const reports = testError === null ? {} : { [model.file]: { ...result, testError, rows } };
  return oodReportHtml(reports, {
    title: `Confidence of ${model.file}`,
    verdict: { level: verdict.level, text: verdict.text },
    details: detailsOf(result),
    sections: [
      ...listed('What was found', [...verdict.details, ...thresholdText(threshold), ...result.notes]),
      ...listed('What to do next', verdict.next),
      ...(testError === null ? [tableSection(result)] : []),
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
    ...(attack && { attack: `${attack.attack}, epsilon ${attack.epsilon}, ${attack.steps} steps` }),
    seed: settings.seed,
    backend,
    'made by': `relu-overconfidence ${version}`,
  };
}

function listed(heading: string, paragraphs: readonly string[]): ReportSection[] {
  return paragraphs.length === 0 ? [] : [{ heading, paragraphs }];
}

function thresholdText(threshold: Result['threshold']): string[] {
  if (threshold === null) return [];
  const { maxMmc, broken } = threshold;
  return [
    broken.length === 0
      ? `No row of noise has a mean confidence above ${maxMmc}.`
      : `Above the threshold of ${maxMmc}: ${broken.join(', ')}.`,
  ];
}

function tableSection(result: Result): ReportSection {
  const { head, cells } = resultTable(result);
  const paragraphs = [`The lowest mean confidence possible is ${(1 / result.classes).toFixed(3)}.`];
  return { heading: 'Mean confidence', paragraphs, table: { columns: ['Images', ...head.slice(1)], rows: cells } };
}
