import { writeFile } from 'node:fs/promises';
import { isPair } from '../../core/bounds';
import { textTable } from '../../core/textTable';
import { attackInWords, type OodRow } from '../../evaluation/oodReport';
import { oodRows } from '../../evaluation/oodRows';
import { oodReportHtml } from '../../report/html/oodReportHtml';
import type { ReportSection } from '../../report/html/types';
import { text } from '../args/read';
import { CliError } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { catchInterrupts } from '../interrupts';
import type { Io } from '../io';
import { type LoadedModel, loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { recordOf } from '../measure/measure';
import type { Keeper } from '../measure/runRecord';
import { namesOf } from '../print/namesOf';
import { percent, styleOf, wrap } from '../print/text';
import { deliveryOf } from '../result/deliver';
import { list, titled, titleOf } from '../result/printResult';
import { takenFor } from '../result/result';
import { listed, pictureSections } from '../result/resultHtml';
import { lowestOf } from '../result/verdict';
import { type Compared, type Comparison, comparedOf, comparisonOf, type Difference } from './comparison';

/** Audits several models with the same draws and says how they differ. */
export async function compare(io: Io, { files, values }: Arguments): Promise<ExitCode> {
  if (files.length < 2)
    throw new CliError(
      `A comparison takes two models or more, not ${files.length}.`,
      'Pass the model.json, the folder or the .zip of each.',
    );
  const { json, html } = await deliveryOf(values);
  const signal = catchInterrupts();
  await startBackend(values);
  await checkAlike(files, values);
  const models: Compared[] = [];
  const keepers: Keeper[] = [];
  for (const [i, name] of namesOf(files).entries()) {
    const { record, keeper } = await recordOf(io, { files: [files[i]!], values }, 'audit', { signal, name });
    // The next model may be interrupted, and then this one need not be measured again.
    await keeper.keep(record.measured, 'stop');
    keepers.push(keeper);
    models.push(comparedOf(name, record));
  }
  const comparison = comparisonOf(models);
  const serialised = `${JSON.stringify(comparison, undefined, 2)}\n`;
  if (json === '-') io.stdout.write(serialised);
  else printComparison(io, models, comparison);
  if (json !== undefined && json !== '-') await writeFile(json, serialised);
  if (html !== undefined) await writeFile(html, await comparisonHtml(models, comparison));
  for (const keeper of keepers) await keeper.finish();
  return models.some(({ result }) => result.unmeasured.length > 0) ? EXIT.failed : EXIT.fine;
}

/** Refuses models that are not for the same task, before anything is measured. */
async function checkAlike(files: readonly string[], values: Arguments['values']): Promise<void> {
  const seen: { readonly file: string; readonly facts: ReturnType<typeof factsOf> }[] = [];
  for (const file of files) {
    const model = await loadModel(file, modelSettings(values));
    const facts = factsOf(model);
    model.dispose();
    const [first] = seen;
    const twin = seen.find((other) => other.facts.sha256 === facts.sha256);
    if (twin !== undefined)
      throw new CliError(`${file} is the same model as ${twin.file}.`, 'Pass models that differ.');
    for (const key of ['inputs', 'classes', 'kind'] as const)
      if (first !== undefined && first.facts[key] !== facts[key])
        throw new CliError(
          `${file} and ${first.file} cannot be compared: ${facts[key]} against ${first.facts[key]}.`,
          key === 'kind' ? 'Say which they are with --image yes or no.' : 'Compare models of the same task.',
        );
    if (first !== undefined && first.facts.width !== facts.width && text(values, 'epsilon') !== undefined)
      throw new CliError(
        `--epsilon is in input units, and those of ${file} and ${first.file} are not the same: their bounds are ${facts.width} and ${first.facts.width} wide.`,
        'Leave it out: each is then attacked within 0.3 of the width of its bounds.',
      );
    seen.push({ file, facts });
  }
}

function factsOf({ file: { sha256 }, classifier: { inputShape, classes, bounds, image = true } }: LoadedModel) {
  return {
    sha256,
    inputs: `inputs of ${inputShape.join('x')}`,
    classes: `${classes} classes`,
    kind: image ? 'inputs that are images' : 'inputs that are no images',
    width: isPair(bounds) ? bounds[1] - bounds[0] : 1,
  };
}

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
