import { textTable } from '../../core/textTable';
import { attackInWords, type OodRow } from '../../evaluation/oodReport';
import { oodRows } from '../../evaluation/oodRows';
import { oodReportHtml } from '../../report/html/oodReportHtml';
import type { ReportSection } from '../../report/html/types';
import type { Io } from '../io';
import { styleOf } from '../print/style';
import { percent, wrap } from '../print/text';
import { list, titled, titleOf } from '../result/printResult';
import { listed, pictureSections } from '../result/resultHtml';
import { takenFor } from '../result/takenFor';
import { lowestOf } from '../result/verdict';
import type { Compared, Comparison } from './comparison';
import type { Difference } from './differences';

/** A table of a comparison, for a terminal and for a page. */
interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Prints a comparison for people. */
export function printComparison({ stdout, env }: Io, models: readonly Compared[], comparison: Comparison): void {
  const { bold } = styleOf(stdout, env);
  const width = stdout.columns;
  const { verdict } = comparison;
  const word = 'COMPARED';
  const blocks = [
    list(
      models.map(({ name, result }) => `${name} is ${titleOf(result)}`),
      width,
    ),
    wrap(`${word}  ${verdict.text}`, width).replace(word, bold(word)),
    list(verdict.details, width),
    ...[meansOf(models), ...tablesOf(models, comparison)].map(
      ({ title, head, rows }) => `${wrap(title, width)}\n\n${textTable(head, rows)}`,
    ),
    lowestLine(models),
    titled('Notes', notesOf(models), width),
    titled('Next', verdict.next, width),
  ];
  stdout.write(`${blocks.filter((block) => block !== '').join('\n\n')}\n`);
}

/** A comparison as one HTML file, which needs no network. */
export async function comparisonHtml(models: readonly Compared[], comparison: Comparison): Promise<string> {
  const { verdict } = comparison;
  const scored = models.map(({ name, record, result }) => {
    const { rows, testError } = oodRows(record.measured, record.run.model, true);
    return { name, record, rows, testError, report: { ...result, testError: testError ?? 0, rows } };
  });
  const withData = scored.every(({ testError }) => testError !== null);
  const pictures = await Promise.all(
    scored.map(({ name, record, rows }) => pictureSections(record, rows, !withData, name)),
  );
  // With data the table of reports has the means and the areas.
  const tables = [...(withData ? [] : [meansOf(models)]), ...tablesOf(models, comparison, !withData)];
  const { settings, version, backend } = models[0]!.result;
  return oodReportHtml(withData ? Object.fromEntries(scored.map(({ name, report }) => [name, report])) : {}, {
    title: `Confidence of ${models.map(({ name }) => name).join(', ')}`,
    verdict: { level: 'comparison', text: verdict.text },
    details: {
      ...Object.fromEntries(models.map(({ name, result }) => [name, titleOf(result)])),
      ...(settings.adversarialNoise && { attack: attackInWords(settings.adversarialNoise) }),
      seed: settings.seed,
      backend,
      'made by': `relu-overconfidence ${version}`,
    },
    sections: [
      ...listed('What was found', [...verdict.details, lowestLine(models), ...notesOf(models)]),
      ...listed('What to do next', verdict.next),
      ...tables.map(sectionOf),
      ...pictures.flat(),
    ],
  });
}

function sectionOf({ title, head, rows }: Table): ReportSection {
  return { heading: title, table: { columns: ['Images', ...head.slice(1)], rows } };
}

function lowestLine(models: readonly Compared[]): string {
  return `The lowest mean confidence possible is ${lowestOf(models[0]!.result.model).toFixed(3)}.`;
}

/** What is to be said of all models, and of one of them. */
function notesOf(models: readonly Compared[]): string[] {
  const all = models.map(({ result }) => result.notes);
  const common = all[0]!.filter((note) => all.every((notes) => notes.includes(note)));
  return [
    ...common,
    ...models.flatMap(({ name, result }) =>
      result.notes.filter((note) => !common.includes(note)).map((note) => `${name}: ${note}`),
    ),
  ];
}

/** Mean confidences side by side, and the error on data. */
function meansOf(models: readonly Compared[]): Table {
  const cell = (row: OodRow | undefined) => {
    if (row === undefined) return '-';
    const { status, meanMaxConfidence, standardError } = row;
    if (status !== 'measured') return status;
    return [meanMaxConfidence, standardError].flatMap((value) => value?.toFixed(3) ?? []).join(' ± ');
  };
  const rays = models.map(({ result }) => result.rays);
  return {
    title: 'Mean confidence, ± its standard error',
    head: ['', ...models.map(({ name }) => name)],
    rows: [
      ...perRow(models, (rows, name) => cell(rows.find((row) => row.name === name))),
      ...(rays.some((one) => one !== null)
        ? [['far away (limit of rays)', ...rays.map((one) => one?.meanLimit.toFixed(3) ?? '-')]]
        : []),
      ...(models[0]!.result.testError === null
        ? []
        : [['error on your data', ...models.map(({ result }) => percent(result.testError!))]]),
    ],
  };
}

/** All other tables: differences, AUROC where there are data, and what each model takes the rows for. */
function tablesOf(models: readonly Compared[], { pairs }: Comparison, areas = true): Table[] {
  const names = models.map(({ name }) => name);
  const differences: Table = {
    title: 'Difference on the same draws, with intervals of 95 %',
    head: ['', ...pairs.map(({ model, against }) => `${model} - ${against}`)],
    rows: [
      ...perRow(models, () => '')
        .map(([name]) => [name!, ...pairs.map(({ confidence }) => interval(confidence[name!]))])
        .filter(([, ...cells]) => cells.some((text) => text !== '-')),
      ...(pairs.some(({ farAway }) => farAway !== null)
        ? [['far away (limit of rays)', ...pairs.map(({ farAway }) => interval(farAway ?? undefined))]]
        : []),
      ...(pairs.some(({ error }) => error !== null)
        ? [['error on your data', ...pairs.map(({ error }) => interval(error ?? undefined))]]
        : []),
    ],
  };
  const auroc: Table = {
    title: 'AUROC: how well confidence tells your data from the row; 1 is perfect, 0.5 is guessing',
    head: ['', ...names],
    rows: perRow(models, (rows, name) => rows.find((row) => row.name === name)?.auroc?.toFixed(3) ?? '-').filter(
      ([, ...cells]) => cells.some((text) => text !== '-'),
    ),
  };
  const taken: Table = {
    title: 'What they are taken for most often',
    head: ['', ...names],
    rows: perRow(models, () => '').map(([row]) => [
      row!,
      ...models.map(({ record }) => {
        const found = takenFor(record, row!);
        return found === undefined ? '-' : `${found.name} ${percent(found.share)}`;
      }),
    ]),
  };
  return [differences, ...(areas && auroc.rows.length > 0 ? [auroc] : []), taken];
}

/** A line of a table for each row of the models, in their order. */
function perRow(models: readonly Compared[], cell: (rows: readonly OodRow[], name: string) => string): string[][] {
  const names = new Set(models.flatMap(({ result }) => result.rows.map(({ name }) => name)));
  return [...names].map((name) => [name, ...models.map(({ result }) => cell(result.rows, name))]);
}

function interval(difference: Difference | undefined): string {
  if (difference === undefined) return '-';
  const [value, low, high] = [difference.value, difference.low, difference.high].map((number) =>
    number === null ? '-' : signed(number),
  );
  return low === '-' ? value! : `${value} (${low} to ${high})`;
}

function signed(value: number): string {
  const text = value.toFixed(3);
  return Number(text) > 0 ? `+${text}` : Number(text) === 0 ? '0.000' : text;
}
