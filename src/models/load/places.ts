import { refuse, show } from '../../core/check';
import { nodeModules } from '../../core/nodeModules';
import {
  COPY,
  checkInside,
  FN,
  findJson,
  foreignName,
  type ModelPlace,
  refuseForeign,
  refuseLarge,
  refuseOutside,
} from './place';
import { isZip, zipPlace } from './zipPlace';

/** A folder, file or `.zip` on the disk (Node), an address, the files that a user has picked, or the bytes of a `.zip`. */
export type ModelSource = string | URL | Blob | ArrayBuffer | Uint8Array | Iterable<File> | ArrayLike<File>;

/** The largest archive that is read. */
const LARGEST_ZIP = 2 ** 32;

/** Finds out what a source is. */
export async function placeOf(source: ModelSource): Promise<ModelPlace> {
  if (source instanceof URL) return addressPlace(source);
  if (typeof source === 'string' && source !== '')
    return /^https?:\/\//i.test(source) ? addressPlace(new URL(source)) : diskPlace(source);
  if (source instanceof Blob)
    return zipOf('name' in source ? String(source.name) : 'the archive', await bytesOf(source));
  if (source instanceof ArrayBuffer) return zipOf('the archive', new Uint8Array(source));
  if (source instanceof Uint8Array) return zipOf('the archive', source);
  const files = typeof source === 'object' && source !== null ? Array.from(source) : [];
  if (files.length > 0 && files.every((file) => file instanceof Blob)) return filesPlace(files);
  return refuse(
    { fn: FN, argument: 'source' },
    'INVALID_ARGUMENT',
    'a path, an address, a list of files or the bytes of a zip archive',
    show(source),
    'Pass for example the path of a model.json.',
  );
}

function zipOf(name: string, bytes: Uint8Array): ModelPlace {
  if (isZip(bytes)) return zipPlace(name, bytes);
  const what = foreignName(name) ?? (bytes[0] === 0x7b ? 'JSON alone, without its weights' : 'something else');
  return refuse(
    { fn: FN, argument: 'source' },
    'INVALID_ARGUMENT',
    'the bytes of a zip archive with a model',
    what,
    'Pass the archive that Teachable Machine exports under "Tensorflow.js", or all files of the model as a list.',
  );
}

/** Files that a user has picked in a browser: a whole folder, or model.json with its weights, or one archive. */
async function filesPlace(files: readonly File[]): Promise<ModelPlace> {
  const [only] = files;
  if (files.length === 1 && only !== undefined && !/\.json$/i.test(only.name))
    return zipOf(only.name, await bytesOf(only));
  const byPath = new Map(files.map((file) => [file.webkitRelativePath || file.name, file]));
  const json = findJson('the files', [...byPath.keys()]);
  const folder = json.slice(0, json.lastIndexOf('/') + 1);
  return {
    path: json,
    json: json.slice(folder.length),
    read: async (name, limit) => {
      checkInside(json, name);
      // Picked one by one, files have lost their folders.
      const file = byPath.get(folder + name) ?? byPath.get(name.slice(name.lastIndexOf('/') + 1));
      if (file === undefined) return undefined;
      if (file.size > limit) refuseLarge(file.name, file.size, limit);
      return bytesOf(file);
    },
  };
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** A model.json on a server; what ends in a slash is its folder. */
function addressPlace(address: URL): ModelPlace | Promise<ModelPlace> {
  if (/\.zip$/i.test(address.pathname))
    return download(address, LARGEST_ZIP).then((bytes) => zipOf(address.href, bytes ?? new Uint8Array()));
  const json = address.pathname.endsWith('/') ? new URL('model.json', address) : address;
  const foreign = foreignName(json.pathname);
  if (foreign !== undefined) refuseForeign(json.href, foreign);
  const folder = new URL('.', json).href;
  const last = json.pathname.slice(json.pathname.lastIndexOf('/') + 1);
  return {
    path: json.href,
    json: last,
    read: async (name, limit) => {
      if (name === last) return download(json, limit);
      checkInside(json.href, name);
      const file = new URL(name, json);
      // Also what only an address means by another folder, such as `%2e%2e`.
      if (!file.href.startsWith(folder)) refuseOutside(json.href, name);
      file.search = json.search;
      return download(file, limit);
    },
  };
}

async function download(address: URL, limit: number): Promise<Uint8Array | undefined> {
  const where = { fn: FN, argument: address.href };
  const fail = (got: string) =>
    refuse(where, 'DOWNLOAD_FAILED', 'there to be read', got, 'Check the address and the network.');
  const response = await fetch(address).catch((cause: unknown) => fail(String(cause)));
  // Some stores answer 403 where there is nothing.
  if ([403, 404, 410].includes(response.status)) return undefined;
  if (!response.ok) return fail(`status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read().catch((cause: unknown) => fail(String(cause)))) ?? { done: true };
    if (done || value === undefined) break;
    size += value.length;
    if (size > limit) {
      await reader?.cancel();
      refuseLarge(address.href, Number.NaN, limit);
    }
    chunks.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** A folder, a model.json or an archive on the disk. */
async function diskPlace(written: string): Promise<ModelPlace> {
  const where = { fn: FN, argument: written };
  const { fs, path } = nodeModules(where, 'Pass the address of the model, or the files that the user has picked.');
  const found = await fs.stat(written).catch(() => undefined);
  if (found === undefined)
    return refuse(where, 'INVALID_ARGUMENT', 'there', 'nothing', 'Pass the path of a model.json, or of its folder.');
  if (!found.isDirectory() && !found.isFile())
    return refuse(where, 'INVALID_ARGUMENT', 'a file or a folder', 'something else', 'Pass the path of a model.json.');
  const file = found.isDirectory() ? path.join(written, findJson(written, await namesIn(written))) : written;
  const foreign = foreignName(file);
  if (foreign !== undefined) refuseForeign(file, foreign);
  if (/\.zip$/i.test(file) || (!found.isDirectory() && isZip(await head(file)))) {
    if (found.size > LARGEST_ZIP) refuseLarge(file, found.size, LARGEST_ZIP);
    return zipOf(file, new Uint8Array(await fs.readFile(file)));
  }
  const folder = await fs.realpath(path.dirname(file));
  return {
    path: file,
    json: path.basename(file),
    read: async (name, limit) => {
      checkInside(file, name);
      const wanted = path.join(folder, name);
      const real = await fs.realpath(wanted).catch(() => undefined);
      if (real === undefined) return undefined;
      // The user names model.json, wherever a link leads; the files that it names must not lead elsewhere.
      if (name !== path.basename(file) && !real.startsWith(folder + path.sep)) refuseOutside(file, name);
      const { size, ...kind } = await fs.stat(real).then((stat) => ({ size: stat.size, plain: stat.isFile() }));
      if (!kind.plain)
        return refuse({ fn: FN, argument: wanted }, 'INVALID_DATA', 'a plain file', 'something else', COPY);
      if (size > limit) refuseLarge(wanted, size, limit);
      return new Uint8Array(await fs.readFile(real));
    },
  };

  async function head(name: string): Promise<Uint8Array> {
    const handle = await fs.open(name);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(8), 0, 8, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }

  async function namesIn(folder: string): Promise<string[]> {
    const entries = await fs.readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  }
}
