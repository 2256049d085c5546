import { cifarLayouts } from './cifarLayouts';
import type { DatasetName } from './datasetSources';
import { EMNIST_LAYOUT, idxLayout, ubyteLayout } from './idxLayouts';
import { baseName, type Layout } from './layout';
import { parseSvhn } from './parseSvhn';

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
export function layoutsOf(name: DatasetName): readonly Layout[] {
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
