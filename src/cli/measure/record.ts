import type { OodRowKind, UsedSettings } from '../../evaluation/oodReport';
import type { Outputs } from '../load/modelSettings';

/** Numbers of one block, by what they are; null stands for Infinity, which JSON cannot carry. */
export type BlockResult = Readonly<Record<string, readonly (number | null)[]>>;

/** What is measured: a row of the table, or rays. */
export type TaskKind = OodRowKind | 'rays';

/** How far one measurement has come: the blocks that are done, by their first sample. */
export interface TaskRecord {
  readonly kind: TaskKind;
  readonly samples: number;
  readonly blockSize: number;
  /** Why it cannot be done, if that turned out. */
  readonly failed?: string;
  readonly blocks: Readonly<Record<string, BlockResult>>;
}

/** The measurements of a run by their names. */
export type TaskRecords = Readonly<Record<string, TaskRecord>>;

/** What was measured so far: what is kept at Ctrl-C, what a shard writes, and what `merge` joins. */
export interface RunRecord {
  readonly format: typeof RECORD_FORMAT;
  /** Everything that two records must share to belong together. */
  readonly run: RunFacts;
  readonly tasks: TaskRecords;
}

export const RECORD_FORMAT = 'relu-overconfidence record 1';

/** Plain facts about a run: what was measured, and every setting that the numbers depend on. */
export interface RunFacts {
  readonly command: 'audit' | 'evaluate';
  /** Version of this package. */
  readonly version: string;
  readonly model: ModelFacts;
  /** The data by the name of their row; empty without data. */
  readonly data: Readonly<Record<string, DataFacts>>;
  readonly backend: string;
  readonly settings: UsedSettings;
  /** What there is to say besides numbers. */
  readonly notes: readonly string[];
}

/** What the model is. */
export interface ModelFacts {
  readonly file: string;
  readonly sha256: string;
  readonly kind: 'layers' | 'graph';
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly bounds: readonly [number, number];
  readonly outputs: Outputs;
}

/** What a set of images is. */
export interface DataFacts {
  readonly path: string;
  readonly sha256: string;
  readonly samples: number;
}

/** The numbers of a finished task, block after block; null is read as Infinity. */
export function numbersOf({ blocks }: TaskRecord, field: string): Float64Array {
  const starts = Object.keys(blocks)
    .map(Number)
    .sort((a, b) => a - b);
  return Float64Array.from(
    starts.flatMap((start) => blocks[start]![field] ?? []),
    (value) => value ?? Number.POSITIVE_INFINITY,
  );
}

/** Samples whose blocks are missing. */
export function missingSamples({ samples, blockSize, blocks, failed }: TaskRecord): number {
  if (failed !== undefined) return 0;
  let missing = 0;
  for (let start = 0; start < samples; start += blockSize)
    if (blocks[start] === undefined) missing += Math.min(blockSize, samples - start);
  return missing;
}
