import { CliError } from '../cliError';
import { RECORD_FORMAT, type RunRecord } from './record';

/** Reads what a shard or an interrupted run has written. */
export function readRecord(file: string, bytes: Uint8Array): RunRecord {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new CliError(`${file} is damaged: it is not JSON.`, 'Delete it and run that part again.', error);
  }
  if (!isRecord(value))
    throw new CliError(
      `${file} is not a record of this version of relu-overconfidence.`,
      'Pass the files that runs with --shard K/N --json FILE have written.',
    );
  return value;
}

function isRecord(value: unknown): value is RunRecord {
  return value !== null && typeof value === 'object' && 'format' in value && value.format === RECORD_FORMAT;
}
