import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { idxLayout, type ReadAs, ubyteLayout } from '../../datasets/layout';
import type { NumericArray } from '../../datasets/numericArray';
import { parseNpy } from '../../datasets/parseNpy';
import { CliError, messageOf } from '../cliError';
import type { Found } from './fitImages';
import { type ModelClasses, matchClasses } from './matchClasses';
import { isPicture, listFolder, type PictureOptions, readPictures } from './readPictures';

/** Which part of the data is wanted, and how images of files are read. */
export interface WantedPart extends PictureOptions {
  /** The one that the user names. */
  readonly part: string | undefined;
  /** The one to take where the user names none and there are several. */
  readonly usual: 'train' | 'test';
}

/** Parts of a data set by their names. */
type Parts = ReadonlyMap<string, () => Promise<Found>>;

/** The images in a folder, in whichever form they are there; with their classes where `classes` says of which model. */
export async function readFolder(
  folder: string,
  wanted: WantedPart,
  classes: ModelClasses | undefined,
): Promise<Found> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new CliError(`${folder} is not a folder.`, 'Pass the folder that the data lie in.');
  const top = await listFolder(folder);
  const [idx, npy] = [idxParts(folder, top.files), npyParts(folder, top.files, classes)];
  const twice = [...idx.keys()].find((part) => npy.has(part));
  if (twice !== undefined)
    throw new CliError(`${folder} has the part "${twice}" as IDX and as npy files.`, 'Take away those of one kind.');
  const parts: Parts = new Map([...idx, ...npy]);
  if (parts.size > 0) {
    const read = await choose(folder, parts, wanted)();
    const beside = [...top.folders.map((name) => `${name}/`), ...top.files.filter(isPicture)];
    const note = `the files of arrays were read, and not ${beside.slice(0, 5).join(', ')}${beside.length > 5 ? ' and others' : ''} beside them`;
    return { ...read, notes: [...read.notes, ...(beside.length > 0 ? [note] : [])] };
  }
  const match =
    classes && ((filled: readonly string[], empty: readonly string[]) => matchClasses(filled, empty, classes));
  const images = await readPictures(folder, top, match, wanted);
  if (images !== undefined) return images;
  throw new CliError(
    `${folder} has no images that can be read.`,
    'Wanted are JPEG, PNG or WebP files in one folder per class, or IDX files such as test-images.idx.gz with test-labels.idx.gz, or x.npy with y.npy.',
  );
}

function choose(folder: string, parts: Parts, { part: wanted, usual }: WantedPart): () => Promise<Found> {
  const only = parts.size === 1 ? [...parts.values()][0] : undefined;
  const part = wanted === undefined ? (parts.get(usual) ?? only) : parts.get(wanted);
  if (part !== undefined) return part;
  const what = wanted === undefined ? 'several parts' : `no part "${wanted}"`;
  throw new CliError(`${folder} has ${what}; there are ${[...parts.keys()].join(', ')}.`, 'Name one with --part.');
}

/** The parts that are there as IDX files, by the names that `loadDataset` knows. */
function idxParts(folder: string, files: readonly string[]): Parts {
  const names = new Set(files);
  const found = [ubyteLayout('.'), idxLayout('.')].flatMap(({ find }) => [...find(names)]);
  const readAs: ReadAs = async (name, parse) => {
    const path = join(folder, name);
    try {
      return await parse(new Uint8Array(await readFile(path)));
    } catch (error) {
      throw new CliError(`${path} cannot be read: ${messageOf(error)}`, 'Download or save it again.', error);
    }
  };
  const readPart = (read: (typeof found)[number]['read']) => async () => {
    const { pixels, shape, labels } = await read(readAs);
    return { shape, values: pixels, white: 255, labels, notes: [] };
  };
  return new Map(found.map(({ part, read }) => [part, readPart(read)]));
}

/** The parts that are there as arrays of NumPy: `x.npy` and `y.npy`, or `test-x.npy` and `test-y.npy`. */
function npyParts(folder: string, files: readonly string[], classes: ModelClasses | undefined): Parts {
  const parts = new Map<string, () => Promise<Found>>();
  for (const file of files) {
    const match = /^(?:(.+)[-_])?x\.npy$/.exec(file);
    if (match === null) continue;
    const labels = file.replace(/x\.npy$/, 'y.npy');
    const labelsPath = classes !== undefined && files.includes(labels) ? join(folder, labels) : undefined;
    parts.set(match[1] ?? 'all', async () => {
      const { shape, data, dtype } = await readNpy(join(folder, file));
      const white = dtype === 'uint8' ? 255 : undefined;
      const dark = white !== undefined && data.every((value) => value <= 1) && data.includes(1);
      const notes = dark ? [`${file} has bytes 0 and 1 alone, and 255 was taken for white`] : [];
      if (labelsPath === undefined) return { shape, values: data, white, notes };
      const read = classesOf(labelsPath, await readNpy(labelsPath), shape[0] ?? 0, classes!.count);
      return { shape, values: data, white, labels: read.labels, notes: [...notes, ...read.notes] };
    });
  }
  return parts;
}

/** Classes from whole numbers `[N]` or `[N, 1]`, or from one-hot rows `[N, K]`. */
function classesOf(
  path: string,
  { shape, data }: NumericArray,
  count: number,
  columns: number,
): Required<Pick<Found, 'labels' | 'notes'>> {
  const [rows, width = 1, ...more] = shape;
  if (rows === count && more.length === 0 && width === 1) {
    const labels = Int32Array.from(data);
    if (labels.every((k, i) => k >= 0 && k === data[i])) return { labels, notes: [] };
  }
  if (rows === count && more.length === 0 && width === columns && width > 1) {
    const rowOf = (i: number) => data.subarray(i * width, (i + 1) * width);
    const labels = Int32Array.from({ length: count }, (_, i) => rowOf(i).indexOf(1));
    if (labels.every((k, i) => k >= 0 && rowOf(i).every((value, j) => value === (j === k ? 1 : 0))))
      return { labels, notes: [`${path} has one-hot rows, whose ones were taken for the classes`] };
  }
  throw new CliError(
    `${path} is [${shape.join(', ')}] and has not one class, a whole number from 0 on, for each of the ${count} images.`,
    `Save class indices [${count}], or one-hot rows [${count}, ${columns}].`,
  );
}

async function readNpy(path: string): Promise<NumericArray> {
  try {
    return parseNpy(new Uint8Array(await readFile(path)));
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${messageOf(error)}`, 'Save it again with np.save.', error);
  }
}
