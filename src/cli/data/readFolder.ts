import { readdir, stat } from 'node:fs/promises';
import { CliError } from '../cliError';
import type { Found, Parts } from './found';
import { idxParts } from './idxParts';
import { npyParts } from './npyParts';
import { readPngs } from './readPngs';

/** Which part of the data is wanted. */
export interface WantedPart {
  /** The one that the user names. */
  readonly part: string | undefined;
  /** The one to take where the user names none and there are several. */
  readonly usual: 'train' | 'test';
}

/** The images in a folder, in whichever form they are there. */
export async function readFolder(folder: string, { part, usual }: WantedPart): Promise<Found> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new CliError(`${folder} is not a folder.`, 'Pass the folder that the data lie in.');
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const parts: Parts = new Map([...idxParts(folder, files), ...npyParts(folder, files)]);
  if (parts.size > 0) return choose(folder, parts, { part, usual })();
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const images = await readPngs(folder, files, folders);
  if (images !== undefined) return images;
  throw new CliError(
    `${folder} has no images that can be read.`,
    'Wanted are PNG files in one folder per class, or IDX files such as test-images.idx.gz with test-labels.idx.gz, or x.npy with y.npy.',
  );
}

function choose(folder: string, parts: Parts, { part: wanted, usual }: WantedPart): () => Promise<Found> {
  const only = parts.size === 1 ? [...parts.values()][0] : undefined;
  const part = wanted === undefined ? (parts.get(usual) ?? only) : parts.get(wanted);
  if (part !== undefined) return part;
  const what = wanted === undefined ? 'several parts' : `no part "${wanted}"`;
  throw new CliError(`${folder} has ${what}; there are ${[...parts.keys()].join(', ')}.`, 'Name one with --part.');
}
