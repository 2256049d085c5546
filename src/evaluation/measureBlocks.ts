import { OverconfidenceError } from '../core/errors';
import { nextTask, throwIfAborted } from '../core/pausing';
import { type Progress, progressClock } from '../core/progress';
import type { OodRowKind } from './oodReport';

const fn = 'evaluateOod';

/** Numbers of one block, by what they are; null stands for Infinity, which JSON cannot carry. */
export type BlockResult = Readonly<Record<string, readonly (number | null)[]>>;

/** What is measured of the images of a row besides the row itself. */
export type OodColumnKind = 'attacked' | 'guaranteed' | 'detector';

/** Something to be measured, cut into blocks that can be done in any order and on any machine with the same result. */
export interface Measurement {
  readonly name: string;
  /** The row that it makes, or whose column it is, or 'other' for what is not in a report. */
  readonly kind: OodRowKind | OodColumnKind | 'other';
  readonly samples: number;
  /** Samples done at a time. */
  readonly blockSize: number;
  /** Work in one sample, in forward passes: what the time left is reckoned by. */
  readonly cost: number;
  /** Whether nothing can be said without it, so that what it throws ends the whole. */
  readonly required: boolean;
  /** Why it is not done, if it is named only to be seen to be missing. */
  readonly skipped?: string;
  /** Measures the samples from `start` on; `onWork` is told the work done in this block. */
  readonly run: (start: number, size: number, onWork: (done: number) => void) => Promise<BlockResult>;
}

/** How far one measurement has come: the blocks that are done, by their first sample. */
export interface Measured {
  readonly kind: Measurement['kind'];
  readonly samples: number;
  readonly blockSize: number;
  /** Why it could not be done, if that turned out. */
  readonly failed?: string;
  /** Why it was not meant to be done. */
  readonly skipped?: string;
  readonly blocks: Readonly<Record<string, BlockResult>>;
}

/** Measurements by their names. */
export type MeasuredByName = Readonly<Record<string, Measured>>;

/** One of several parts that the blocks of a run are dealt out to. */
export interface Shard {
  /** From 0. */
  readonly number: number;
  readonly of: number;
}

/** How measurements are done. */
export interface MeasureOptions {
  /** Which part of the blocks to do. @defaultValue all of them */
  readonly shard?: Shard;
  /** What an earlier run has done. @defaultValue nothing */
  readonly done?: MeasuredByName;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Is given all that is done, after every block, and before an error goes on its way. */
  readonly keep?: (measured: MeasuredByName, why: 'block' | 'stop') => Promise<void>;
  readonly signal: AbortSignal | undefined;
}

/** Does the blocks of all measurements, or of a shard, that are not done yet: the loop of every evaluation. */
export async function measureBlocks(
  measurements: readonly Measurement[],
  { shard = { number: 0, of: 1 }, done = {}, onProgress, keep, signal }: MeasureOptions,
): Promise<MeasuredByName> {
  const measured: Record<string, Measured> = {};
  for (const one of measurements) measured[one.name] = done[one.name] ?? nothingYet(one);
  const open = blocksOf(measurements).filter(
    ({ of: { name }, start, number }) =>
      number % shard.of === shard.number && measured[name]!.blocks[start] === undefined,
  );
  const clock = progressClock(open.reduce((sum, { work }) => sum + work, 0));
  // What the caller's own function throws, or stops, is never a result.
  const stop: { error?: unknown } = {};
  const tell = (at: number, name: string) => {
    try {
      onProgress?.(clock(at, name));
      throwIfAborted(fn, signal);
    } catch (error) {
      stop.error = error;
      throw error;
    }
  };
  let worked = 0;
  try {
    for (const [n, { of, start, size, work }] of open.entries()) {
      throwIfAborted(fn, signal);
      const so = measured[of.name]!;
      if (so.failed === undefined) {
        try {
          const result = await of.run(start, size, (part) => tell(worked + part, of.name));
          measured[of.name] = { ...so, blocks: { ...so.blocks, [start]: result } };
        } catch (error) {
          if (of.required || 'error' in stop || signal?.aborted || isRefusal(of, error)) throw error;
          measured[of.name] = { ...so, failed: error instanceof Error ? error.message : String(error) };
        }
      }
      worked += work;
      tell(worked, (open[n + 1]?.of ?? of).name);
      await keep?.(measured, 'block');
      await nextTask();
    }
  } catch (error) {
    await keep?.(measured, 'stop');
    throw error;
  }
  return measured;
}

/**
 * Whether the caller is at fault, or has ended the workers: that is an error and not the result of a measurement. A model
 * that is not finite is at fault on images that the caller passed, not at a place that an attack has found.
 */
function isRefusal({ kind }: Measurement, error: unknown): boolean {
  if (!(error instanceof OverconfidenceError)) return false;
  const attacked = kind === 'adversarialNoise' || kind === 'adversarialSamples' || kind === 'attacked';
  return error.code === 'DISPOSED' || (error.fn === fn && !(attacked && error.argument === 'model'));
}

function nothingYet({ kind, samples, blockSize, skipped }: Measurement): Measured {
  return { kind, samples, blockSize, ...(skipped !== undefined && { skipped }), blocks: {} };
}

interface Block {
  readonly of: Measurement;
  readonly start: number;
  readonly size: number;
  readonly work: number;
  /** Place among all blocks, by which they are dealt out to shards. */
  readonly number: number;
}

function blocksOf(measurements: readonly Measurement[]): Block[] {
  const blocks: Block[] = [];
  for (const of of measurements)
    for (let start = 0; start < of.samples && of.skipped === undefined; start += of.blockSize) {
      const size = Math.min(of.blockSize, of.samples - start);
      blocks.push({ of, start, size, work: size * of.cost, number: blocks.length });
    }
  return blocks;
}

/** The numbers of what is done, block after block; null is read as Infinity. */
export function numbersOf({ blocks }: Measured, field: string): Float64Array {
  const starts = Object.keys(blocks)
    .map(Number)
    .sort((a, b) => a - b);
  return Float64Array.from(
    starts.flatMap((start) => blocks[start]![field] ?? []),
    (value) => value ?? Number.POSITIVE_INFINITY,
  );
}

/** Samples whose blocks are missing. */
export function missingSamples({ samples, blockSize, blocks, failed, skipped }: Measured): number {
  if (failed !== undefined || skipped !== undefined) return 0;
  let missing = 0;
  for (let start = 0; start < samples; start += blockSize)
    if (blocks[start] === undefined) missing += Math.min(blockSize, samples - start);
  return missing;
}
