import { checkKeys, checkOneOf, type KeysOf, refuse, show, type Where } from '../core/check';
import { OverconfidenceError } from '../core/errors';
import { nodeModules } from '../core/nodeModules';
import { follow, type ProgressOptions } from '../core/progress';
import { type DatasetName, datasetSources } from './datasetSources';
import type { ImageSet } from './imageSet';
import {
  baseName,
  cifarLayouts,
  EMNIST_LAYOUT,
  type FoundPart,
  idxLayout,
  isHidden,
  type Layout,
  type ReadAs,
  ubyteLayout,
} from './layout';
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

/** No archive of a known data set inflates to more. */
const LARGEST_ARCHIVE = 2 ** 28;
const ARCHIVE = '.tar.gz';

/** Reads below a folder; paths are relative to it. */
interface FolderReader {
  /** Paths of the files of a subfolder (`.` is the folder itself); none where it does not exist. */
  readonly list: (subfolder: string) => Promise<string[]>;
  /** Reads and parses a file, or a member of a `.tar.gz`; what is wrong with it is said with its path. */
  readonly readAs: ReadAs;
}

function folderReader(fn: string, folder: string): FolderReader {
  const fix = 'Fetch the bytes yourself and pass them to parseIdx, parseCifar or parseSvhn.';
  const { fs, zlib } = nodeModules({ fn, argument: 'folder' }, fix);
  let archive: { readonly path: string; readonly files: ReadonlyMap<string, Uint8Array> } | undefined;

  const open = async (path: string) => {
    if (archive?.path === path) return archive.files;
    const packed = await fs.readFile(`${folder}/${path}`);
    const unpacked = await new Promise<Uint8Array>((resolve, reject) => {
      zlib.gunzip(packed, { maxOutputLength: LARGEST_ARCHIVE }, (error, data) =>
        error ? reject(error) : resolve(data),
      );
    }).catch((cause: unknown) => refuseDamaged({ fn, argument: path }, cause));
    archive = { path, files: readTar({ fn, argument: path }, unpacked) };
    return archive.files;
  };

  const load = async (path: string): Promise<Uint8Array> => {
    const end = path.indexOf(`${ARCHIVE}/`) + ARCHIVE.length;
    if (end < ARCHIVE.length) return new Uint8Array(await fs.readFile(`${folder}/${path}`));
    const member = (await open(path.slice(0, end))).get(path.slice(end + 1));
    return member ?? refuseDamaged({ fn, argument: path }, 'the archive has no such file');
  };

  return {
    list: async (subfolder) => {
      try {
        const entries = await fs.readdir(`${folder}/${subfolder}`, { withFileTypes: true });
        return entries
          .filter((entry) => !entry.isDirectory() && !isHidden(entry.name))
          .map(({ name }) => `${subfolder}/${name}`);
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return [];
        throw error;
      }
    },
    readAs: async (path, parse) => {
      const bytes = await load(path);
      try {
        return await parse(bytes);
      } catch (cause) {
        if (!(cause instanceof OverconfidenceError)) throw cause;
        const { code, expected, got, fix: remedy } = cause;
        throw new OverconfidenceError({ code, fn, argument: path, expected, got, fix: remedy, cause });
      }
    },
  };
}

function refuseDamaged({ fn, argument }: Where, cause: unknown): never {
  throw new OverconfidenceError({
    code: 'INVALID_DATA',
    fn,
    argument,
    expected: 'whole',
    got: `what cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`,
    fix: 'Download it again.',
    cause,
  });
}

const BLOCK = 512;

/** The plain files of a tar archive by their names, as views of its bytes. */
function readTar(where: Where, archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    const size = octal(header, 124, 12);
    at += BLOCK;
    if (octal(header, 148, 8) !== checksum(header) || at + size > archive.length)
      refuse(
        where,
        'INVALID_DATA',
        'a whole tar archive',
        `one that breaks off or is damaged at byte ${at - BLOCK}`,
        'Download it again.',
      );
    const type = header[156];
    if (type === 0 || type === 0x30) files.set(text(header, 0, 100), archive.subarray(at, at + size));
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(header: Uint8Array, from: number, length: number): string {
  return new TextDecoder().decode(header.subarray(from, from + length)).replace(/\0.*$/s, '');
}

function octal(header: Uint8Array, from: number, length: number): number {
  return Number.parseInt(text(header, from, length).trim() || '0', 8);
}

/** Sum of the header's bytes, its own checksum taken for spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}
