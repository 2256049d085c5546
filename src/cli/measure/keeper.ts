import { rm } from 'node:fs/promises';
import type { MeasuredByName, Shard } from '../../evaluation/measureBlocks';
import { fileCheckpoint } from '../../training/fileCheckpoint';
import { CliError } from '../cliError';
import { sha256 } from '../load/sha256';
import { type RunFacts, readRecord, runRecord } from './runRecord';

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
