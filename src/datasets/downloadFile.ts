import { throwIfAborted } from '../core/abort';
import { refuse, type Where } from '../core/check';
import { OverconfidenceError } from '../core/errors';
import type { nodeModules } from '../core/nodeModules';
import { type Progress, progressClock } from '../core/progress';

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
export async function downloadFile(download: Download): Promise<void> {
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
