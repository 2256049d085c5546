import { throwIfAborted } from '../core/abort';
import { checkOneOf, refuse, show, type Where } from '../core/check';
import { nodeModules } from '../core/nodeModules';
import type { Progress } from '../core/progress';
import { type DatasetName, datasetSources } from './datasetSources';
import { downloadFile } from './downloadFile';

/** How {@link downloadDataset} works. */
export interface DownloadDatasetOptions {
  /** Address of a folder with the same files elsewhere. @defaultValue `baseUrl` of {@link datasetSources} */
  readonly baseUrl?: string;
  /** Told about every piece that arrives, in bytes of the current file; its total is NaN where the server does not say. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the download; what has arrived stays and is gone on from next time. */
  readonly signal?: AbortSignal;
}

/**
 * Fetches the files of a data set into `<folder>/<name>` (Node only), where {@link loadDataset} finds them.
 *
 * A file is written to `<file>.partial`, compared with its published checksum and then renamed, so a file under its own name
 * is whole. An interrupted download goes on where it stopped if the server can (HTTP Range), and starts again if not. Files
 * that are there already and match are not fetched again.
 *
 * Known are MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100, SVHN (train and test) and EMNIST (`gzip.zip`, 536 MB, to be unpacked
 * with `unzip`). Mind the terms on their home pages, see {@link datasetSources}.
 *
 * @param name - Which data set.
 * @param folder - The folder that holds the data sets; made if it is not there.
 * @returns The paths of the files.
 * @throws OverconfidenceError `INVALID_OPTION` if the name is unknown or nothing can be downloaded for it;
 * `INVALID_ARGUMENT` if `folder` is not the name of a folder, or this is not Node; `DOWNLOAD_FAILED` if the server cannot be
 * reached, answers with an error, or breaks off; `INVALID_DATA` if a file does not match its checksum; `ABORTED`.
 *
 * @example
 * ```ts no-run
 * import { downloadDataset, loadDataset } from 'relu-overconfidence/datasets';
 *
 * await downloadDataset('mnist', 'data', { onProgress: ({ label, done, total }) => console.log(label, done / total) });
 * const test = await loadDataset('data', 'mnist', { part: 'test' });
 * ```
 */
export async function downloadDataset(
  name: DatasetName,
  folder: string,
  { baseUrl, onProgress, signal }: DownloadDatasetOptions = {},
): Promise<string[]> {
  const where = (argument: string): Where => ({ fn: 'downloadDataset', argument });
  checkOneOf(where('name'), name, Object.keys(datasetSources) as DatasetName[]);
  if (typeof folder !== 'string' || folder === '')
    refuse(where('folder'), 'INVALID_ARGUMENT', 'the name of a folder', show(folder), "Pass for example 'data'.");
  const { homepage, baseUrl: standard, files } = datasetSources[name];
  if (standard === undefined)
    refuse(
      where('name'),
      'INVALID_OPTION',
      'a data set with files to download',
      show(name),
      `Get it from ${homepage}.`,
    );
  const node = nodeModules(where('folder'), 'Fetch the files with your platform and pass their bytes to the parsers.');
  const base = checkAddress(where('baseUrl'), baseUrl ?? standard);
  await node.fs.mkdir(`${folder}/${name}`, { recursive: true });
  const paths: string[] = [];
  for (const { name: file, md5 } of files) {
    throwIfAborted('downloadDataset', signal);
    const path = `${folder}/${name}/${file}`;
    await downloadFile({ fn: 'downloadDataset', node, url: new URL(file, base), path, md5, onProgress, signal });
    paths.push(path);
  }
  return paths;
}

/** The address with a slash at its end, without which a URL would lose its last folder. */
function checkAddress(where: Where, address: string): URL {
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    refuse(where, 'INVALID_OPTION', 'an address of http or https', show(address), "Pass 'https://example.org/mnist/'.");
  return new URL(address.endsWith('/') ? address : `${address}/`);
}
