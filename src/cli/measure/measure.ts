import { readFile } from 'node:fs/promises';
import type { Progress } from '../../core/progress';
import { type Measured, measureBlocks, missingSamples, type Shard } from '../../evaluation/measureBlocks';
import type { Values } from '../args/options';
import { text } from '../args/read';
import { CliError, Interrupted, messageOf } from '../cliError';
import type { Arguments, ExitCode } from '../command';
import { catchInterrupts, keepIn } from '../interrupts';
import type { Io } from '../io';
import { progressLine } from '../print/progressLine';
import { checkThreshold, deliver, deliverShard, deliveryOf, shardFile } from '../result/deliver';
import { prepare } from './prepare';
import { type Keeper, keeperOf, type RunFacts, type RunRecord, readRecord, runRecord } from './runRecord';

/** Seconds from which on it is said how long it will take. */
export const WORTH_SAYING = 20;

/** Runs `audit` or `evaluate`: prepares the measurements, does them or a shard of them, and delivers the result. */
export async function measure(io: Io, args: Arguments, command: RunFacts['command']): Promise<ExitCode> {
  const { values } = args;
  const shard = shardOf(values);
  const shardTo = shardFile(values, shard);
  const delivery = await deliveryOf(values);
  const signal = catchInterrupts();
  const check = ({ model }: RunFacts) => checkThreshold(delivery, model);
  const { record, keeper } = await recordOf(io, args, command, { shard, check, signal });
  const code = shardTo === undefined ? await deliver(io, delivery, record) : await deliverShard(io, shardTo, record);
  await keeper.finish();
  return code;
}

/** What one run of several needs to know. */
interface RecordOptions {
  readonly shard?: Shard;
  /** Refuses what cannot be, before the work begins. */
  readonly check?: (run: RunFacts) => void;
  readonly signal: AbortSignal;
  /** What the model is called, where there are several. */
  readonly name?: string;
}

/** Measures a model, or goes on where an earlier run was stopped; the keeper has its file until the result is delivered. */
export async function recordOf(
  io: Io,
  args: Arguments,
  command: RunFacts['command'],
  { shard = { number: 0, of: 1 }, check, signal, name }: RecordOptions,
): Promise<{ readonly record: RunRecord; readonly keeper: Keeper }> {
  const { values } = args;
  const line = progressLine(io.stderr, values.progress === true);
  const show = (progress: Progress) =>
    line.show(name === undefined ? progress : { ...progress, label: `${name}: ${progress.label}` });
  const { run, measurements, dispose, estimate, seconds } = await prepare(args, command, signal, show);
  line.clear();
  if (seconds >= WORTH_SAYING)
    io.stderr.write(
      `${name ?? 'This'} takes ${estimate}.${values.quick === true ? '' : ' For a first look: --quick.'}\n`,
    );
  const keeper = keeperOf(run, shard, text(values, 'checkpoint'));
  keepIn(keeper.file);
  let last: Progress | undefined;
  const onProgress = (progress: Progress) => {
    last = progress;
    show(progress);
  };
  try {
    check?.(run);
    const { keep, read } = keeper;
    const measured = await measureBlocks(measurements, { shard, done: await read(), onProgress, keep, signal });
    return { record: runRecord(run, measured), keeper };
  } catch (error) {
    if (!signal.aborted) throw error;
    const share = last === undefined ? '' : `, ${Math.floor((100 * last.done) / last.total)} %,`;
    throw new Interrupted(`What was done${share} is kept in ${keeper.file}.`, 'The same command goes on from there.');
  } finally {
    line.clear();
    await dispose();
  }
}

/** The shard that `--shard K/N` names, K from 1 to N; the whole where it is not given. */
function shardOf(values: Values): Shard {
  const [, k = Number.NaN, n = Number.NaN] = (/^(\d+)\/(\d+)$/.exec(text(values, 'shard') ?? '1/1') ?? []).map(Number);
  if (!(k >= 1 && k <= n))
    throw new CliError(
      `--shard takes K/N with K from 1 to N, not ${JSON.stringify(values.shard)}.`,
      'Write for example --shard 1/8 on the first of eight machines.',
    );
  return { number: k - 1, of: n };
}

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
