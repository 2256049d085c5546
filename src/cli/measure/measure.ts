import type { Progress } from '../../core/progress';
import { text } from '../args/read';
import { catchInterrupts } from '../catchInterrupts';
import { Interrupted } from '../cliError';
import type { Arguments } from '../command';
import type { ExitCode } from '../exitCodes';
import type { Io } from '../io';
import { progressLine } from '../print/progressLine';
import { deliver } from '../result/deliver';
import { deliverShard, shardFile } from '../result/deliverShard';
import { deliveryOf } from '../result/delivery';
import { keeperOf } from './keeper';
import { prepare } from './prepare';
import { RECORD_FORMAT, type RunFacts, type RunRecord } from './record';
import { runTasks } from './runTasks';
import { shardOf } from './shard';

/** Runs `audit` or `evaluate`: prepares the measurements, does them or a shard of them, and delivers the result. */
export async function measure(io: Io, args: Arguments, command: RunFacts['command']): Promise<ExitCode> {
  const { values } = args;
  const shard = shardOf(values);
  const shardTo = shardFile(values, shard);
  const delivery = await deliveryOf(values);
  const signal = catchInterrupts();
  const { run, tasks, dispose } = await prepare(args, command, signal);
  const keeper = keeperOf(run, shard, text(values, 'checkpoint'));
  const line = progressLine(io.stderr, values.progress === true);
  let last: Progress | undefined;
  const onProgress = (progress: Progress) => {
    last = progress;
    line.show(progress);
  };
  try {
    const { keep, read } = keeper;
    const done = await runTasks(tasks, { shard, done: await read(), onProgress, keep, signal });
    line.clear();
    const record: RunRecord = { format: RECORD_FORMAT, run, tasks: done };
    const code = shardTo === undefined ? await deliver(io, delivery, record) : await deliverShard(io, shardTo, record);
    await keeper.finish();
    return code;
  } catch (error) {
    line.clear();
    if (!signal.aborted) throw error;
    const share = last === undefined ? '' : `, ${Math.floor((100 * last.done) / last.total)} %,`;
    throw new Interrupted(`What was done${share} is kept in ${keeper.file}.`, 'The same command goes on from there.');
  } finally {
    await dispose();
  }
}
