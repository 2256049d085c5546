import type { ImageSet } from './imageSet';
import { baseName, type FoundPart, type Layout } from './layout';
import { parseIdx } from './parseIdx';
import { toImageSet } from './toImageSet';
import { transposeImages } from './transposeImages';

/** `<part>-images.idx.gz` and `<part>-labels.idx.gz`; `images.idx.gz` alone is the part `all`. */
export function idxLayout(folder: string): Layout {
  const labelsOf = (images: string) => images.replace(/images(\.idx(?:\.gz)?)$/, 'labels$1');
  return { folders: [folder], find: (files) => idxPairs(files, /^(?:(.+)-)?images\.idx(?:\.gz)?$/, labelsOf) };
}

/** The names of MNIST's own distribution, which Fashion-MNIST and notMNIST use too. */
export function ubyteLayout(folder: string): Layout {
  return {
    folders: [folder],
    find: (files) => idxPairs(files, /^(train|t10k)-images-idx3-ubyte(?:\.gz)?$/, ubyteLabels),
  };
}

/** The files in EMNIST's `gzip.zip`; their parts are `letters-train`, `letters-test`, `balanced-train`, ... */
export const EMNIST_LAYOUT: Layout = {
  folders: ['emnist', 'emnist/gzip', '.', 'gzip'],
  *find(files) {
    for (const { part, read } of idxPairs(
      files,
      /^emnist-(\w+-(?:train|test))-images-idx3-ubyte(?:\.gz)?$/,
      ubyteLabels,
    ))
      yield { part, read: async (readAs) => upright(part, await read(readAs)) };
  },
};

function ubyteLabels(images: string): string {
  return images.replace('images-idx3-ubyte', 'labels-idx1-ubyte');
}

/** Images whose names fit the pattern, its group being the part, each with its labels where these are there. */
function* idxPairs(
  files: ReadonlySet<string>,
  pattern: RegExp,
  labelsOf: (images: string) => string,
): Generator<FoundPart> {
  for (const images of files) {
    const match = pattern.exec(baseName(images));
    if (match === null) continue;
    const labels = labelsOf(images);
    const part = match[1] === 't10k' ? 'test' : (match[1] ?? 'all');
    yield {
      part,
      read: async (readAs) => {
        if (!files.has(labels)) return readAs(images, async (bytes) => toImageSet(await parseIdx(bytes)));
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
