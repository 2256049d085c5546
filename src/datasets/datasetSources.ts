/** The data sets that {@link loadDataset} knows by name. */
export type DatasetName =
  | 'mnist'
  | 'fashion-mnist'
  | 'emnist'
  | 'notmnist'
  | 'omniglot28'
  | 'digits'
  | 'cifar10'
  | 'cifar100'
  | 'svhn'
  | 'tiny-imagenet';

/** Where a data set is to be had. */
export interface DatasetSource {
  /** Page that describes the data set and its terms. */
  readonly homepage: string;
  /** Address of the folder of its files; absent where it cannot be fetched in a form that is read here. */
  readonly baseUrl?: string;
  /** Its files; empty without a `baseUrl`. */
  readonly files: readonly DatasetFile[];
}

/** A file of a data set. */
export interface DatasetFile {
  /** Name of the file. */
  readonly name: string;
  /** MD5 checksum that is published for it, 32 hexadecimal digits. */
  readonly md5: string;
}

/**
 * Where each data set is to be had, with the published checksums. The sets without files have to be brought into the IDX
 * format by hand, see {@link loadDataset}.
 *
 * @example
 * ```ts
 * import { datasetSources } from 'relu-overconfidence/datasets';
 *
 * for (const { name, md5 } of datasetSources.svhn.files) console.log(name, md5);
 * ```
 */
export const datasetSources: Readonly<Record<DatasetName, DatasetSource>> = {
  mnist: {
    homepage: 'http://yann.lecun.com/exdb/mnist/',
    baseUrl: 'https://ossci-datasets.s3.amazonaws.com/mnist/',
    files: [
      { name: 'train-images-idx3-ubyte.gz', md5: 'f68b3c2dcbeaaa9fbdd348bbdeb94873' },
      { name: 'train-labels-idx1-ubyte.gz', md5: 'd53e105ee54ea40749a09fcbcd1e9432' },
      { name: 't10k-images-idx3-ubyte.gz', md5: '9fb629c4189551a2d022fa330f9573f3' },
      { name: 't10k-labels-idx1-ubyte.gz', md5: 'ec29112dd5afa0611ce80d1b7f02629c' },
    ],
  },
  'fashion-mnist': {
    homepage: 'https://github.com/zalandoresearch/fashion-mnist',
    baseUrl: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    files: [
      { name: 'train-images-idx3-ubyte.gz', md5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d' },
      { name: 'train-labels-idx1-ubyte.gz', md5: '25c81989df183df01b3e8a0aad5dffbe' },
      { name: 't10k-images-idx3-ubyte.gz', md5: 'bef4ecab320f06d8554ea6380940ec79' },
      { name: 't10k-labels-idx1-ubyte.gz', md5: 'bb300cfdad3c16e7a12a480ee83cd310' },
    ],
  },
  emnist: {
    homepage: 'https://www.nist.gov/itl/products-and-services/emnist-dataset',
    baseUrl: 'https://biometrics.nist.gov/cs_links/EMNIST/',
    files: [{ name: 'gzip.zip', md5: '58c8d27c78d21e728a6bc7b3cc06412e' }],
  },
  notmnist: { homepage: 'http://yaroslavvb.blogspot.com/2011/09/notmnist-dataset.html', files: [] },
  omniglot28: { homepage: 'https://github.com/brendenlake/omniglot', files: [] },
  digits: {
    homepage: 'https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits',
    files: [],
  },
  cifar10: {
    homepage: 'https://www.cs.toronto.edu/~kriz/cifar.html',
    baseUrl: 'https://www.cs.toronto.edu/~kriz/',
    files: [{ name: 'cifar-10-binary.tar.gz', md5: 'c32a1d4ab5d03f1284b67883e8d87530' }],
  },
  cifar100: {
    homepage: 'https://www.cs.toronto.edu/~kriz/cifar.html',
    baseUrl: 'https://www.cs.toronto.edu/~kriz/',
    files: [{ name: 'cifar-100-binary.tar.gz', md5: '03b5dce01913d631647c71ecec9e9cb8' }],
  },
  svhn: {
    homepage: 'http://ufldl.stanford.edu/housenumbers/',
    baseUrl: 'http://ufldl.stanford.edu/housenumbers/',
    files: [
      { name: 'train_32x32.mat', md5: 'e26dedcc434d2e4c54c9b2d4a06d8373' },
      { name: 'test_32x32.mat', md5: 'eb5a983be6a315427106f1b164d9cef3' },
    ],
  },
  'tiny-imagenet': { homepage: 'http://cs231n.stanford.edu/tiny-imagenet-200.zip', files: [] },
};
