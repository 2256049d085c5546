import { refuse } from '../core/check';
import type { ImageSet } from './imageSet';
import { type CifarKind, parseCifar } from './parseCifar';
import { parseIdx } from './parseIdx';
import { transposeImages } from './permuteAxes';
import { toImageSet } from './toImageSet';

/** Reads a file by its path in the folder (or a member of an archive: `archive.tar.gz/member`) and parses its bytes. */
export type ReadAs = <T>(path: string, parse: (bytes: Uint8Array) => T | Promise<T>) => Promise<T>;

/** A part of a data set, such as `train` or `test`, that was found in a folder. */
export interface FoundPart {
  readonly part: string;
  /** Whether its images come with their classes. */
  readonly labelled: boolean;
  readonly read: (readAs: ReadAs) => Promise<ImageSet>;
}

/** A way in which files make up the parts of a data set. */
export interface Layout {
  /** Folders to look in; `.` is the one that the user names. */
  readonly folders: readonly string[];
  /** The parts that are made up of these files. */
  readonly find: (files: ReadonlySet<string>) => Iterable<FoundPart>;
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Whether systems, editors or archivers put a file or folder of this name there, and not the maker of a data set:
 * `.DS_Store`, `._test-images.idx.gz`, `.ipynb_checkpoints`, `__MACOSX`, `Thumbs.db`, ...
 */
export function isHidden(name: string): boolean {
  return /^(?:\..*|__MACOSX|__pycache__|@eaDir|#recycle|\$RECYCLE\.BIN|lost\+found|thumbs\.db|desktop\.ini)$/i.test(
    name,
  );
}

interface Part {
  readonly part: string;
  readonly files: readonly string[];
  /** Images in each of the files. */
  readonly images: number;
}

interface Distribution {
  readonly archive: string;
  /** The folder that the archive unpacks to. */
  readonly folder: string;
  readonly parts: readonly Part[];
}

const DISTRIBUTIONS: Readonly<Record<CifarKind, Distribution>> = {
  cifar10: {
    archive: 'cifar-10-binary.tar.gz',
    folder: 'cifar-10-batches-bin',
    parts: [
      { part: 'train', files: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), images: 10_000 },
      { part: 'test', files: ['test_batch.bin'], images: 10_000 },
    ],
  },
  cifar100: {
    archive: 'cifar-100-binary.tar.gz',
    folder: 'cifar-100-binary',
    parts: [
      { part: 'train', files: ['train.bin'], images: 50_000 },
      { part: 'test', files: ['test.bin'], images: 10_000 },
    ],
  },
};

/** The binary version of CIFAR, unpacked or in its archive. */
export function cifarLayouts(kind: CifarKind): readonly Layout[] {
  const { archive, folder, parts } = DISTRIBUTIONS[kind];
  const found = ({ part, files, images }: Part, at: string): FoundPart => ({
    part,
    labelled: true,
    read: (readAs) =>
      readBatches(
        kind,
        files.map((file) => `${at}/${file}`),
        images,
        readAs,
      ),
  });
  const unpacked = [`${kind}/${folder}`, folder, kind];
  return [
    {
      folders: unpacked,
      find: (have) =>
        unpacked.flatMap((at) =>
          parts.filter(({ files }) => files.every((file) => have.has(`${at}/${file}`))).map((part) => found(part, at)),
        ),
    },
    {
      folders: [kind, '.'],
      find: (have) =>
        [...have]
          .filter((path) => baseName(path) === archive)
          .flatMap((path) => parts.map((part) => found(part, `${path}/${folder}`))),
    },
  ];
}

/** Reads the files of a part as one set. The format has no count, so the number of images is checked. */
async function readBatches(
  kind: CifarKind,
  paths: readonly string[],
  images: number,
  readAs: ReadAs,
): Promise<ImageSet> {
  const batches: ImageSet[] = [];
  for (const path of paths) batches.push(await readAs(path, (bytes) => checkCount(parseCifar(bytes, kind), images)));
  return batches.length === 1 ? batches[0]! : join(batches);
}

function checkCount(batch: ImageSet, images: number): ImageSet {
  if (batch.shape[0] !== images)
    refuse(
      { fn: 'parseCifar', argument: 'bytes' },
      'INVALID_DATA',
      `a file of ${images} images`,
      `${batch.shape[0]}`,
      'The file was cut; download it again.',
    );
  return batch;
}

/** Batches of equal size, one after the other. */
function join(batches: readonly ImageSet[]): ImageSet {
  const [count, ...size] = batches[0]!.shape;
  const pixels = new Uint8Array(batches.length * batches[0]!.pixels.length);
  const labels = new Int32Array(batches.length * count);
  for (const [i, batch] of batches.entries()) {
    pixels.set(batch.pixels, i * batch.pixels.length);
    labels.set(batch.labels!, i * count);
  }
  return { shape: [labels.length, ...size], pixels, labels };
}

/** `<part>-images.idx.gz` and `<part>-labels.idx.gz`; `images.idx.gz` alone is the part `all`. */
export function idxLayout(folder: string): Layout {
  const labelsOf = (images: string) => [images.replace(/images\.idx$/, 'labels.idx')];
  return { folders: [folder], find: (files) => idxPairs(files, /^(?:(.+)-)?images\.idx$/, labelsOf) };
}

/** The names of MNIST's own distribution, which Fashion-MNIST and notMNIST use too; some programs unpack them with a dot. */
export function ubyteLayout(folder: string): Layout {
  return { folders: [folder], find: (files) => idxPairs(files, /^(train|t10k)-images[-.]idx3-ubyte$/, ubyteLabels) };
}

/** The files in EMNIST's `gzip.zip`; their parts are `letters-train`, `letters-test`, `balanced-train`, ... */
export const EMNIST_LAYOUT: Layout = {
  folders: ['emnist', 'emnist/gzip', '.', 'gzip'],
  *find(files) {
    const pattern = /^emnist-(\w+-(?:train|test))-images[-.]idx3-ubyte$/;
    for (const { part, labelled, read } of idxPairs(files, pattern, ubyteLabels))
      yield { part, labelled, read: async (readAs) => upright(part, await read(readAs)) };
  },
};

function ubyteLabels(images: string): string[] {
  const names = ['$1labels$2idx1-ubyte', '$1labels-idx1-ubyte', '$1labels.idx1-ubyte'];
  return names.map((name) => images.replace(/^(.*)images([-.])idx3-ubyte$/, name));
}

/**
 * Images whose names without `.gz` fit the pattern, its group being the part, each with its labels where these are there,
 * packed or not.
 */
function* idxPairs(
  files: ReadonlySet<string>,
  pattern: RegExp,
  labelsOf: (images: string) => readonly string[],
): Generator<FoundPart> {
  for (const images of files) {
    const plain = images.replace(/\.gz$/, '');
    const match = pattern.exec(baseName(plain));
    if (match === null) continue;
    const packed = images.slice(plain.length);
    const likely = labelsOf(plain).flatMap((name) => [`${name}${packed}`, name, `${name}.gz`]);
    const labels = likely.find((name) => files.has(name));
    const part = match[1] === 't10k' ? 'test' : (match[1] ?? 'all');
    yield {
      part,
      labelled: labels !== undefined,
      read: async (readAs) => {
        if (labels === undefined) return readAs(images, async (bytes) => toImageSet(await parseIdx(bytes)));
        const pixels = await readAs(images, parseIdx);
        return readAs(labels, async (bytes) => toImageSet(pixels, await parseIdx(bytes)));
      },
    };
  }
}

/** EMNIST's images lie on their side, and its letters are counted from 1. */
function upright(part: string, set: ImageSet): ImageSet {
  const images = transposeImages(set);
  if (!part.startsWith('letters') || images.labels === undefined) return images;
  return { ...images, labels: images.labels.map((label) => label - 1) };
}
