import { readFile } from 'node:fs/promises';
import { type Measured, missingSamples } from '../../evaluation/measureBlocks';
import { CliError, messageOf } from '../cliError';
import type { Arguments, ExitCode } from '../command';
import type { Io } from '../io';
import { checkThreshold, deliver, deliveryOf } from '../result/deliver';
import { type RunRecord, readRecord, runRecord } from './runRecord';

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
  checkThreshold(delivery, first!.run.model);
  return deliver(io, delivery, complete(join(records)));
}

async function readFileOf(file: string): Promise<RunRecord> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new CliError(`${file} cannot be read (${messageOf(error)}).`, 'Pass the files of all shards.', error);
  });
  return readRecord(file, bytes);
}

/** Joins records of one run; a measurement that failed in one of them has failed. */
export function join(records: readonly RunRecord[]): RunRecord {
  const [first] = records as [RunRecord, ...RunRecord[]];
  const measured = Object.entries(first.measured).map(([name, one]): [string, Measured] => {
    const parts = records.map((record) => record.measured[name]!);
    const failed = parts.find((part) => part.failed !== undefined)?.failed;
    const blocks = Object.assign({}, ...parts.map((part) => part.blocks)) as Measured['blocks'];
    return [name, { ...one, ...(failed !== undefined && { failed }), blocks }];
  });
  return runRecord(first.run, Object.fromEntries(measured));
}

function complete(record: RunRecord): RunRecord {
  const missing = Object.entries(record.measured).filter(([, one]) => missingSamples(one) > 0);
  if (missing.length === 0) return record;
  const what = missing.map(([name, one]) => `${missingSamples(one)} of ${one.samples} of "${name}"`).join(', ');
  throw new CliError(`Shards are missing: there is nothing on ${what}.`, 'Run them, and pass the files of all shards.');
}
