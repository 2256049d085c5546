import { rm } from 'node:fs/promises';
import type { Bounds } from '../../core/bounds';
import type { MeasuredByName, Shard } from '../../evaluation/measureBlocks';
import type { UsedSettings } from '../../evaluation/oodReport';
import { fileCheckpoint } from '../../training/fileCheckpoint';
import { CliError } from '../cliError';
import type { Outputs } from '../load/loadModel';
import { sha256 } from '../load/sha256';

const FORMAT = 'relu-overconfidence record 2';

/** What was measured so far: what is kept at Ctrl-C, what a shard writes, and what `merge` joins. */
export interface RunRecord {
  readonly format: typeof FORMAT;
  /** Everything that two records must share to belong together. */
  readonly run: RunFacts;
  readonly measured: MeasuredByName;
}

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
  /** Names of the classes, in the order of the outputs; null where nothing tells them. */
  readonly labels: readonly string[] | null;
  /** How it makes confidences: with sigmoids the lowest is 0 and not 1 / K. */
  readonly head: 'softmax' | 'sigmoids';
  readonly bounds: Bounds;
  /** Who says so: the user or a file beside the model, the model's own first layer, or nobody. */
  readonly boundsFrom: 'given' | 'model' | 'assumed';
  /** Whether inputs are images. */
  readonly image: boolean;
  readonly outputs: Outputs;
  /** The output that was chosen of several; null where the model has only one. */
  readonly output: string | null;
}

/** What a set of images is. */
export interface DataFacts {
  readonly path: string;
  readonly sha256: string;
  readonly samples: number;
}

/** The record of a run. */
export function runRecord(run: RunFacts, measured: MeasuredByName): RunRecord {
  return { format: FORMAT, run, measured };
}

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
  return value !== null && typeof value === 'object' && 'format' in value && value.format === FORMAT;
}

/** Milliseconds between two writings while all goes well. */
const EVERY = 2_000;

/** Keeps what a run has done in a file, so that the same command goes on from there. */
export interface Keeper {
  readonly file: string;
  /** What an earlier run of the same command has left. */
  readonly read: () => Promise<MeasuredByName>;
  readonly keep: (measured: MeasuredByName, why: 'block' | 'stop') => Promise<void>;
  /** Takes the file away once nothing is left to do. */
  readonly finish: () => Promise<void>;
}

/** A keeper in the file that the user names, or else in one named after everything that the numbers depend on. */
export function keeperOf(run: RunFacts, { number, of }: Shard, named: string | undefined): Keeper {
  const facts = JSON.stringify([run, number, of]);
  const name = sha256([new TextEncoder().encode(facts)]).slice(0, 10);
  const file = named ?? `relu-overconfidence-${run.command}-${name}.json`;
  const store = fileCheckpoint(file);
  let written = performance.now();
  return {
    file,
    read: async () => {
      const bytes = await store.read();
      if (bytes === undefined) return {};
      const record = readRecord(file, bytes);
      if (JSON.stringify(record.run) !== JSON.stringify(run))
        throw new CliError(
          `${file} keeps a run of another model or with other settings.`,
          'Delete it, or name another file with --checkpoint.',
        );
      return record.measured;
    },
    keep: async (measured, why) => {
      if (why === 'block' && performance.now() - written < EVERY) return;
      await store.write(new TextEncoder().encode(JSON.stringify(runRecord(run, measured))));
      written = performance.now();
    },
    finish: () => rm(file, { force: true }),
  };
}
