import { writeFile } from 'node:fs/promises';
import type { Values } from '../args/optionTable';
import { text } from '../args/read';
import { CliError } from '../cliError';
import { EXIT, type ExitCode } from '../exitCodes';
import type { Io } from '../io';
import type { RunRecord } from '../measure/record';
import type { Shard } from '../measure/shard';

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
