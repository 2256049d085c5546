import { checkOneOf, refuse, show, type Where } from '../core/check';
import { checkKeys, type KeysOf } from '../core/checkKeys';
import { follow } from '../core/follow';
import type { ProgressOptions } from '../core/progress';
import { cifarLayouts } from './cifarLayouts';
import { type DatasetName, datasetSources } from './datasetSources';
import { folderReader } from './folderReader';
import { EMNIST_LAYOUT, idxLayout, ubyteLayout } from './idxLayouts';
import type { ImageSet } from './imageSet';
import { baseName, type FoundPart, type Layout } from './layout';
import { parseSvhn } from './parseSvhn';

/** Which part {@link loadDataset} reads. Progress is counted in files read; their number is not known, so its total is NaN. */
export interface LoadDatasetOptions extends ProgressOptions {
  /**
   * Name of the part: 'train', 'test', 'extra' (SVHN), 'letters-test' (EMNIST), or what stands before `-images.idx.gz`.
   * @defaultValue 'test' where it is there, otherwise the only part there is
   */
  readonly part?: string;
  /** Whether images are also read where the file of their labels is not there. @defaultValue 'required' */
  readonly labels?: 'required' | 'optional';
}

const KEYS: KeysOf<LoadDatasetOptions> = { part: true, labels: true, onProgress: true, signal: true };

/**
 * Reads a part of a data set from a folder (Node only).
 *
 * Looked for are, in the subfolder named like the data set,
 * - `<part>-images.idx.gz` with `<part>-labels.idx.gz` (or without `.gz`), for every data set: bring others into this form
 *   with `parseNpy` and 20 lines of your own; `images.idx.gz` alone is the part 'all';
 * - MNIST, Fashion-MNIST, notMNIST: `train-images-idx3-ubyte.gz`, `t10k-images-idx3-ubyte.gz` ('test') and their labels,
 *   also unpacked and with a dot (`t10k-images.idx3-ubyte`);
 *
 * and there or in the folder itself
 * - EMNIST: `emnist-letters-test-images-idx3-ubyte.gz` and its like, from the unpacked `gzip.zip`; images are turned
 *   upright, letters are counted from 0;
 * - CIFAR: `cifar-10-batches-bin/`, `cifar-100-binary/`, or the archives `cifar-10-binary.tar.gz`, `cifar-100-binary.tar.gz`;
 * - SVHN: `train_32x32.mat`, `test_32x32.mat`, `extra_32x32.mat`.
 *
 * {@link datasetSources} says where they come from, {@link downloadDataset} fetches some of them. Hidden files and
 * those of macOS archives (`._test-images.idx.gz`) are passed over.
 *
 * @param folder - The folder that holds the data sets, each in a subfolder.
 * @param name - Which data set.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `folder` is not the name of a folder, or this is not Node;
 * `INVALID_OPTION` if the name is unknown or the part is not there, with the parts that are; `INVALID_DATA`, with the file
 * as its `argument`, if a file is damaged or does not belong to its labels, or if there are no labels; `ABORTED`.
 *
 * @example
 * ```ts no-run
 * import { loadDataset, unitPixels } from 'relu-overconfidence/datasets';
 *
 * const test = await loadDataset('data', 'mnist', { part: 'test' });
 * console.log(test.shape, unitPixels(test).length); // [10000, 28, 28, 1] 7840000
 * ```
 */
export async function loadDataset(
  folder: string,
  name: DatasetName,
  options: LoadDatasetOptions = {},
): Promise<ImageSet> {
  const where: Where = { fn: 'loadDataset', argument: 'folder' };
  if (typeof folder !== 'string' || folder === '')
    refuse(where, 'INVALID_ARGUMENT', 'the name of a folder', show(folder), "Pass for example 'data'.");
  checkOneOf({ ...where, argument: 'name' }, name, Object.keys(datasetSources) as DatasetName[]);
  checkKeys({ ...where, argument: 'options' }, options, KEYS);
  const { part, labels = 'required', ...watching } = options;
  checkOneOf({ ...where, argument: 'labels' }, labels, ['required', 'optional']);
  const tell = follow(where.fn, watching, Number.NaN);
  const { list, readAs } = folderReader('loadDataset', folder);
  const parts = new Map<string, FoundPart>();
  for (const { folders, find } of layoutsOf(name)) {
    const files = new Set((await Promise.all(folders.map(list))).flat());
    for (const found of find(files)) if (!parts.has(found.part)) parts.set(found.part, found);
  }
  const only = parts.size === 1 ? [...parts.keys()][0] : undefined;
  const chosen = parts.get(part ?? (parts.has('test') ? 'test' : (only ?? '')));
  if (chosen === undefined) refusePart(`${folder}/${name}`, part, [...parts.keys()]);
  if (!chosen.labelled && labels === 'required')
    refuse(
      where,
      'INVALID_DATA',
      `a folder with the labels of its images (part ${show(chosen.part)} of ${name})`,
      'images alone',
      "Put the file of labels beside them, or pass `labels: 'optional'`.",
    );
  let done = 0;
  return chosen.read(async (path, parse) => {
    const parsed = await readAs(path, parse);
    tell(++done, path);
    return parsed;
  });
}

function refusePart(place: string, part: string | undefined, found: readonly string[]): never {
  refuse(
    { fn: 'loadDataset', argument: 'part' },
    'INVALID_OPTION',
    found.length === 0 ? `a part of a data set in ${place}` : `one of ${found.map(show).join(', ')}`,
    found.length === 0 ? 'a folder without files of that set' : show(part),
    'The documentation of loadDataset lists the files that are looked for; downloadDataset fetches some.',
  );
}

const SVHN_LAYOUT: Layout = {
  folders: ['svhn', '.'],
  *find(files) {
    for (const path of files) {
      const part = /^(train|test|extra)_32x32\.mat$/.exec(baseName(path))?.[1];
      if (part !== undefined) yield { part, labelled: true, read: (readAs) => readAs(path, parseSvhn) };
    }
  },
};

/** The ways in which each data set may lie in a folder; where two have the same part, the first counts. */
function layoutsOf(name: DatasetName): readonly Layout[] {
  const plain = idxLayout(name);
  switch (name) {
    case 'mnist':
    case 'fashion-mnist':
    case 'notmnist':
      return [plain, ubyteLayout(name)];
    case 'emnist':
      return [plain, EMNIST_LAYOUT];
    case 'cifar10':
    case 'cifar100':
      return [plain, ...cifarLayouts(name)];
    case 'svhn':
      return [plain, SVHN_LAYOUT];
    default:
      return [plain];
  }
}
