import type { ImageSet } from './imageSet';
import { baseName, type FoundPart, type Layout } from './layout';
import { parseIdx } from './parseIdx';
import { toImageSet } from './toImageSet';
import { transposeImages } from './transposeImages';

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
