import type { Bounds } from '../../core/bounds';
import type { MeasuredByName } from '../../evaluation/measureBlocks';
import type { UsedSettings } from '../../evaluation/oodReport';
import { CliError } from '../cliError';
import type { Outputs } from '../load/loadModel';

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
