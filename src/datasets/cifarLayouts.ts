import { refuse } from '../core/check';
import type { ImageSet } from './imageSet';
import { baseName, type FoundPart, type Layout, type ReadAs } from './layout';
import { type CifarKind, parseCifar } from './parseCifar';

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
