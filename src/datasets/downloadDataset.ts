import { checkKeys, checkOneOf, refuse, show, type Where } from '../core/check';
import { OverconfidenceError } from '../core/errors';
import { nodeModules } from '../core/nodeModules';
import { throwIfAborted } from '../core/pausing';
import { type Progress, progressClock } from '../core/progress';
import { type DatasetName, datasetSources } from './datasetSources';

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
  options: DownloadDatasetOptions = {},
): Promise<string[]> {
  const where = (argument: string): Where => ({ fn: 'downloadDataset', argument });
  checkKeys(where('options'), options, { baseUrl: true, onProgress: true, signal: true });
  const { baseUrl, onProgress, signal } = options;
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

/** A file to be fetched. */
interface Download {
  /** The public function that asks. */
  readonly fn: string;
  readonly node: ReturnType<typeof nodeModules>;
  readonly url: URL;
  readonly path: string;
  /** Checksum, 32 hexadecimal digits. */
  readonly md5: string;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Fetches one file through `<path>.partial`, from where an earlier attempt stopped, unless it is there already. */
async function downloadFile(download: Download): Promise<void> {
  const { fn, node, url, path, md5 } = download;
  const where: Where = { fn, argument: path };
  if ((await sizeOf(node, path)) !== undefined) {
    if ((await md5Of(node, path)) === md5) return;
    refuse(where, 'INVALID_DATA', `a file with MD5 ${md5}`, 'another one', 'Delete it, or move it elsewhere.');
  }
  const partial = `${path}.partial`;
  await fetchInto(partial, download);
  const got = await md5Of(node, partial);
  if (got !== md5) {
    await node.fs.rm(partial);
    refuse(where, 'INVALID_DATA', `a file with MD5 ${md5}`, `MD5 ${got} from ${url}`, 'Try again, or another baseUrl.');
  }
  await node.fs.rename(partial, path);
}

/** Appends what is missing, or writes all of it where the server does not answer with the missing piece. */
async function fetchInto(partial: string, { fn, node, url, onProgress, signal }: Download): Promise<void> {
  const fail = (got: string, cause?: unknown): never => {
    throwIfAborted(fn, signal);
    throw new OverconfidenceError({
      code: 'DOWNLOAD_FAILED',
      fn,
      argument: 'baseUrl',
      expected: `a place from which ${url} can be fetched whole`,
      got,
      fix: 'Try again, what has arrived is kept; or pass another `baseUrl`.',
      cause,
    });
  };
  const broken = (cause: unknown) =>
    fail(`an error (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  const before = (await sizeOf(node, partial)) ?? 0;
  const { status, headers, body } = await ask(url, before, signal).catch(broken);
  const [, first, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  const resumed = status === 206 && Number(first) === before;
  if (body === null || !(resumed || status === 200)) return fail(`an answer with status ${status}`);
  let done = resumed ? before : 0;
  const total = Number((resumed ? size : headers.get('content-length')) ?? Number.NaN);
  const tick = progressClock(total, done);
  const label = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  const reader = body.getReader();
  const file = await node.fs.open(partial, resumed ? 'a' : 'w');
  try {
    for (let piece = await reader.read().catch(broken); !piece.done; piece = await reader.read().catch(broken)) {
      await file.writeFile(piece.value);
      done += piece.value.length;
      onProgress?.(tick(done, label));
    }
  } finally {
    await file.close();
    // Ends the connection where writing failed; a stream that broke says so once more, which is no news.
    reader.cancel().catch(() => undefined);
  }
  if (done < total) fail(`${done} of ${total} bytes`);
}

/** Asks for the file from a byte on; for all of it where nothing lies behind that byte. */
async function ask(url: URL, from: number, signal: AbortSignal | undefined): Promise<Response> {
  // Without `identity` a server may pack the file, and fetch would unpack it: other bytes, other sizes.
  const headers = { 'accept-encoding': 'identity' };
  const abort = signal === undefined ? {} : { signal };
  if (from === 0) return fetch(url, { headers, ...abort });
  const response = await fetch(url, { headers: { ...headers, range: `bytes=${from}-` }, ...abort });
  if (response.status !== 416) return response;
  await response.body?.cancel();
  return fetch(url, { headers, ...abort });
}

async function sizeOf({ fs }: Download['node'], path: string): Promise<number | undefined> {
  return fs.stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function md5Of({ fs, crypto }: Download['node'], path: string): Promise<string> {
  const hash = crypto.createHash('md5');
  const file = await fs.open(path);
  for await (const piece of file.createReadStream()) hash.update(piece);
  return hash.digest('hex');
}
