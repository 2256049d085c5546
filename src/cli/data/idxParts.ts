import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { idxLayout, ubyteLayout } from '../../datasets/idxLayouts';
import type { ReadAs } from '../../datasets/layout';
import { CliError, messageOf } from '../cliError';
import type { Parts } from './found';

/** The parts that are there as IDX files, by the names that `loadDataset` knows. */
export function idxParts(folder: string, files: readonly string[]): Parts {
  const names = new Set(files);
  const found = [ubyteLayout('.'), idxLayout('.')].flatMap(({ find }) => [...find(names)]);
  return new Map(
    found.map(({ part, read }) => [
      part,
      async () => {
        const { pixels, shape, labels } = await read(readerOf(folder));
        return { shape, values: pixels, white: 255, labels };
      },
    ]),
  );
}

function readerOf(folder: string): ReadAs {
  return async (name, parse) => {
    const path = join(folder, name);
    try {
      return await parse(new Uint8Array(await readFile(path)));
    } catch (error) {
      throw new CliError(`${path} cannot be read: ${messageOf(error)}`, 'Download or save it again.', error);
    }
  };
}
