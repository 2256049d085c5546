import type { Progress } from '../../core/progress';
import { measureBlocks, type Shard } from '../../evaluation/measureBlocks';
import type { Values } from '../args/options';
import { text } from '../args/read';
import { CliError, Interrupted } from '../cliError';
import type { Arguments, ExitCode } from '../command';
import { catchInterrupts, keepIn } from '../interrupts';
import type { Io } from '../io';
import { progressLine } from '../print/progressLine';
import { checkThreshold, deliver, deliverShard, deliveryOf, shardFile } from '../result/deliver';
import { type Keeper, keeperOf } from './keeper';
import { prepare } from './prepare';
import { type RunFacts, type RunRecord, runRecord } from './runRecord';

/** Seconds from which on it is said how long it will take. */
const WORTH_SAYING = 20;

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
