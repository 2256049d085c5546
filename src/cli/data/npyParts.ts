import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NumericArray } from '../../datasets/numericArray';
import { parseNpy } from '../../datasets/parseNpy';
import { CliError, messageOf } from '../cliError';
import type { Found, Parts } from './found';

/** The parts that are there as arrays of NumPy: `x.npy` and `y.npy`, or `test-x.npy` and `test-y.npy`. */
export function npyParts(folder: string, files: readonly string[]): Parts {
  const parts = new Map<string, () => Promise<Found>>();
  for (const file of files) {
    const match = /^(?:(.+)[-_])?x\.npy$/.exec(file);
    if (match === null) continue;
    const labels = file.replace(/x\.npy$/, 'y.npy');
    parts.set(match[1] ?? 'all', () =>
      readPair(join(folder, file), files.includes(labels) ? join(folder, labels) : undefined),
    );
  }
  return parts;
}

async function readPair(imagesPath: string, labelsPath: string | undefined): Promise<Found> {
  const { shape, data, dtype } = await readNpy(imagesPath);
  const white = dtype === 'uint8' ? 255 : undefined;
  if (labelsPath === undefined) return { shape, values: data, white };
  const labels = await readNpy(labelsPath);
  const classes = Int32Array.from(labels.data);
  if (
    labels.shape.length !== 1 ||
    labels.shape[0] !== shape[0] ||
    !classes.every((k, i) => k >= 0 && k === labels.data[i])
  )
    throw new CliError(
      `${labelsPath} has not one class, a whole number from 0 on, for each of the ${shape[0]} images.`,
      'Save class indices, not one-hot rows.',
    );
  return { shape, values: data, white, labels: classes };
}

async function readNpy(path: string): Promise<NumericArray> {
  try {
    return parseNpy(new Uint8Array(await readFile(path)));
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${messageOf(error)}`, 'Save it again with np.save.', error);
  }
}
