import { stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Classifier } from '../../classifier/types';
import { importOptional } from '../../core/nodeModules';
import type { Shard } from '../../evaluation/measureBlocks';
import type { Values } from '../args/options';
import { number, text } from '../args/read';
import { CliError } from '../cliError';
import { EXIT, type ExitCode } from '../command';
import type { Io } from '../io';
import type { RunRecord } from '../measure/runRecord';
import { printResult } from './printResult';
import type { Result } from './result';
import { resultHtml } from './resultHtml';
import { summarise } from './summarise';
import { lowestOf } from './verdict';

/** Where results go, and when the program fails. */
export interface Delivery {
  readonly maxMmc: number | undefined;
  /** A file, or `-` for stdout. */
  readonly json: string | undefined;
  readonly html: string | undefined;
}

/** Reads what is wanted, and refuses at once what would fail only after a long run. */
export async function deliveryOf(values: Values): Promise<Delivery> {
  const maxMmc = number(values, 'max-mmc', undefined, 0, 1);
  const [json, html] = [text(values, 'json'), text(values, 'html')];
  for (const file of [json, html]) if (file !== undefined) await checkFolder(file);
  if (html !== undefined) await needForPictures('--html');
  return { maxMmc, json, html };
}

/** What pictures are made with. */
const OF_PICTURES: Readonly<Record<string, () => Promise<unknown>>> = {
  '@observablehq/plot': () => import('@observablehq/plot'),
  linkedom: () => import('linkedom'),
  'fast-png': () => import('fast-png'),
};

/** Refuses at once where a package is missing that pictures are made with; `asker` is the option or the command that makes them. */
export async function needForPictures(asker: string, names = Object.keys(OF_PICTURES)): Promise<void> {
  const why = { reason: 'pictures are made with it', install: names.join(' ') };
  for (const name of names) await importOptional(asker, { name, ...why }, OF_PICTURES[name]!);
}

/** Refuses a threshold that no classifier of this kind can stay below. */
export function checkThreshold(
  { maxMmc }: Pick<Delivery, 'maxMmc'>,
  model: Pick<Classifier, 'classes' | 'head'>,
): void {
  const lowest = lowestOf(model);
  if (maxMmc !== undefined && maxMmc < lowest)
    throw new CliError(
      `--max-mmc ${maxMmc} can never hold: the lowest mean confidence possible with ${model.classes} classes is ${lowest.toFixed(3)}.`,
      `Ask for a little more than that, for example --max-mmc ${Math.min(1, lowest + 0.2).toFixed(1)}.`,
    );
}

/** Refuses a file in a folder that does not exist. */
export async function checkFolder(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new CliError(`${file} cannot be written: there is no folder ${folder}.`, `Run: mkdir -p ${folder}`);
}

/** Prints and writes what a complete record says, and gives the exit code. */
export async function deliver(io: Io, { maxMmc, json, html }: Delivery, record: RunRecord): Promise<ExitCode> {
  const result = summarise(record, maxMmc);
  const serialised = `${JSON.stringify(result, undefined, 2)}\n`;
  if (json === '-') io.stdout.write(serialised);
  else printResult(io, result);
  if (json !== undefined && json !== '-') await writeFile(json, serialised);
  if (html !== undefined) await writeFile(html, await resultHtml(record, result));
  return exitCodeOf(result);
}

/** With a threshold, whether it holds; without one, whether everything could be measured. */
export function exitCodeOf({ threshold, unmeasured }: Pick<Result, 'threshold' | 'unmeasured'>): ExitCode {
  if (threshold !== null) return threshold.broken.length > 0 ? EXIT.broken : EXIT.fine;
  return unmeasured.length > 0 ? EXIT.failed : EXIT.fine;
}

/** The file that a shard is written to; undefined where the whole is done at once. */
export function shardFile(values: Values, { of }: Shard): string | undefined {
  if (values.shard === undefined) return undefined;
  const file = text(values, 'json');
  if (file === undefined || file === '-')
    throw new CliError('A shard is written to a file.', `Add for example --json part-1of${of}.json.`);
  for (const name of ['html', 'max-mmc'])
    if (values[name] !== undefined) throw new CliError(`A shard has no result for --${name}.`, 'Pass it to `merge`.');
  return file;
}

/** Writes what a shard has measured. */
export async function deliverShard({ stdout }: Io, file: string, record: RunRecord): Promise<ExitCode> {
  await writeFile(file, `${JSON.stringify(record)}\n`);
  stdout.write(`Wrote ${file}; \`relu-overconfidence merge\` makes one result of all parts.\n`);
  return EXIT.fine;
}
