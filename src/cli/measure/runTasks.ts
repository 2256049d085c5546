import { throwIfAborted } from '../../core/abort';
import { nextTask } from '../../core/nextTask';
import { type Progress, progressClock } from '../../core/progress';
import { messageOf } from '../cliError';
import type { BlockResult, TaskRecord, TaskRecords } from './record';
import type { Shard } from './shard';
import type { Task } from './task';

/** How tasks are run. */
export interface RunOptions {
  /** Which part of the blocks to do. */
  readonly shard: Shard;
  /** What an earlier run has done. */
  readonly done: TaskRecords;
  readonly onProgress: (progress: Progress) => void;
  /** Is given all that is done, after every block, and before an error goes on its way. */
  readonly keep: (tasks: TaskRecords, why: 'block' | 'stop') => Promise<void>;
  readonly signal: AbortSignal;
}

/** Does the blocks of all tasks, or of a shard, that are not done yet. */
export async function runTasks(tasks: readonly Task[], options: RunOptions): Promise<TaskRecords> {
  const { shard, done, onProgress, keep, signal } = options;
  const records: Record<string, TaskRecord> = {};
  for (const task of tasks) records[task.name] = done[task.name] ?? emptyRecord(task);
  const open = blocksOf(tasks).filter(
    ({ task, start, number }) => number % shard.of === shard.number && records[task.name]!.blocks[start] === undefined,
  );
  const clock = progressClock(open.reduce((sum, { work }) => sum + work, 0));
  let worked = 0;
  try {
    for (const { task, start, size, work } of open) {
      throwIfAborted('runTasks', signal);
      const record = records[task.name]!;
      const tell = (part: number) => onProgress(clock(worked + part, task.name));
      if (record.failed === undefined) records[task.name] = await withBlock(record, task, start, size, tell, signal);
      worked += work;
      tell(0);
      await keep(records, 'block');
      await nextTask();
    }
  } catch (error) {
    await keep(records, 'stop');
    throw error;
  }
  return records;
}

/** The record with one more block, or with the reason why it cannot be done if the run goes on without it. */
async function withBlock(
  record: TaskRecord,
  task: Task,
  start: number,
  size: number,
  onWork: (done: number) => void,
  signal: AbortSignal,
): Promise<TaskRecord> {
  try {
    const result: BlockResult = await task.run(start, size, onWork);
    return { ...record, blocks: { ...record.blocks, [start]: result } };
  } catch (error) {
    if (signal.aborted || !task.optional) throw error;
    return { ...record, failed: messageOf(error) };
  }
}

function emptyRecord({ kind, samples, blockSize }: Task): TaskRecord {
  return { kind, samples, blockSize, blocks: {} };
}

interface Block {
  readonly task: Task;
  readonly start: number;
  readonly size: number;
  readonly work: number;
  /** Place among all blocks, by which they are dealt out to shards. */
  readonly number: number;
}

function blocksOf(tasks: readonly Task[]): Block[] {
  const blocks: Block[] = [];
  for (const task of tasks)
    for (let start = 0; start < task.samples; start += task.blockSize) {
      const size = Math.min(task.blockSize, task.samples - start);
      blocks.push({ task, start, size, work: size * task.cost, number: blocks.length });
    }
  return blocks;
}
