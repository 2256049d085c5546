import { readFile } from 'node:fs/promises';
import { CliError, messageOf } from '../cliError';
import type { Arguments } from '../command';
import type { ExitCode } from '../exitCodes';
import type { Io } from '../io';
import { deliver } from '../result/deliver';
import { deliveryOf } from '../result/delivery';
import { readRecord } from './readRecord';
import { missingSamples, type RunRecord, type TaskRecord } from './record';

/** Joins shards and delivers the result of the whole. */
export async function merge(io: Io, { values, files }: Arguments): Promise<ExitCode> {
  if (files.length === 0) throw new CliError('There is nothing to merge.', 'Pass the files of all shards.');
  const delivery = await deliveryOf(values);
  const records = await Promise.all(files.map(readFileOf));
  const [first, ...others] = records;
  for (const [i, { run }] of others.entries())
    if (JSON.stringify(run) !== JSON.stringify(first!.run))
      throw new CliError(
        `${files[i + 1]} is of another run than ${files[0]}.`,
        'Run all shards on the same model and data, with the same options and the same backend.',
      );
  return deliver(io, delivery, complete(join(records)));
}

async function readFileOf(file: string): Promise<RunRecord> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CliError(`${file} cannot be read (${messageOf(error)}).`, 'Pass the files of all shards.', error);
  });
  return readRecord(file, bytes);
}

function join(records: readonly RunRecord[]): RunRecord {
  const [first] = records as [RunRecord, ...RunRecord[]];
  const tasks = Object.entries(first.tasks).map(([name, task]): [string, TaskRecord] => {
    const parts = records.map((record) => record.tasks[name]!);
    const failed = parts.find((part) => part.failed !== undefined)?.failed;
    const blocks = Object.assign({}, ...parts.map((part) => part.blocks)) as TaskRecord['blocks'];
    return [name, { ...task, ...(failed !== undefined && { failed }), blocks }];
  });
  return { ...first, tasks: Object.fromEntries(tasks) };
}

function complete(record: RunRecord): RunRecord {
  const missing = Object.entries(record.tasks).filter(([, task]) => missingSamples(task) > 0);
  if (missing.length === 0) return record;
  const what = missing.map(([name, task]) => `${missingSamples(task)} of ${task.samples} of "${name}"`).join(', ');
  throw new CliError(`Shards are missing: there is nothing on ${what}.`, 'Run them, and pass the files of all shards.');
}
