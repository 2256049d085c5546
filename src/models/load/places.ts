import { refuse, show } from '../../core/check';
import { inflate } from '../../core/inflate';
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
    remote: false,
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
    remote: true,
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
    remote: false,
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

/** A file in an archive, as the archive's directory lists it. */
interface Entry {
  readonly name: string;
  /** How it is packed: 0 not at all, 8 by deflate. */
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  /** Where its header begins. */
  readonly at: number;
}

/** Signatures of a file's header, an entry of the directory, and the end of the directory (APPNOTE.TXT, 4.3). */
const [FILE, ENTRY, END] = [0x04034b50, 0x02014b50, 0x06054b50] as const;
const END_SIZE = 22;
/** Largest share by which the files of a model shrink, weights of zeros excepted; a zip bomb reaches 1000. */
const MOST_PACKED = 200;
/** Files below this size are harmless however they are packed. */
const HARMLESS = 2 ** 20;
const SYMLINK = 0xa000;

/** Whether bytes are a zip archive. */
function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === FILE;
}

/** The model in a zip archive, such as the one that Teachable Machine exports. Nothing is unpacked to the disk. */
function zipPlace(archive: string, bytes: Uint8Array): ModelPlace {
  const entries = readDirectory(archive, bytes);
  const json = findJson(archive, [...entries.keys()]);
  const folder = json.slice(0, json.lastIndexOf('/') + 1);
  return {
    path: `${archive}/${json}`,
    json: json.slice(folder.length),
    remote: false,
    read: async (name, limit) => {
      checkInside(archive, name);
      const entry = entries.get(folder + name.replace(/^(?:\.\/)+/, ''));
      return entry && unpack(`${archive}/${entry.name}`, bytes, entry, limit);
    },
  };
}

function readDirectory(archive: string, bytes: Uint8Array): ReadonlyMap<string, Entry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  if (end === undefined) return refuseDamaged(archive, 'its directory is missing');
  const count = view.getUint16(end + 10, true);
  const entries = new Map<string, Entry>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== ENTRY) return refuseDamaged(archive, 'its directory breaks off');
    const flags = view.getUint16(at + 8, true);
    const length = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + length));
    checkInside(archive, name);
    if (((view.getUint32(at + 38, true) >>> 16) & 0xf000) === SYMLINK) refuseOutside(archive, name);
    if ((flags & 1) === 1) return refuseDamaged(archive, `${JSON.stringify(name)} is encrypted`);
    if (!name.endsWith('/') && !name.startsWith('__MACOSX/'))
      entries.set(name, {
        name,
        method: view.getUint16(at + 10, true),
        packed: view.getUint32(at + 20, true),
        size: view.getUint32(at + 24, true),
        at: view.getUint32(at + 42, true),
      });
    at += 46 + length + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The end of the directory stands at the end of the file, but for a comment of at most 65,535 bytes. */
function endOf(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_SIZE - 0xffff);
  for (let at = view.byteLength - END_SIZE; at >= first; at--) if (view.getUint32(at, true) === END) return at;
  return undefined;
}

async function unpack(path: string, bytes: Uint8Array, entry: Entry, limit: number): Promise<Uint8Array> {
  const { at, method, packed, size } = entry;
  if (size > limit) refuseLarge(path, size, limit);
  if (size > HARMLESS && size > MOST_PACKED * packed)
    return refuseDamaged(path, `${packed} bytes would unpack to ${size}, as those of a zip bomb do`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 30 > bytes.length || view.getUint32(at, true) !== FILE)
    return refuseDamaged(path, 'it is not where it should be');
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  const content = bytes.subarray(start, start + packed);
  if (content.length !== packed) return refuseDamaged(path, 'it breaks off');
  if (method !== 0 && method !== 8) return refuseDamaged(path, `it is packed by method ${method}`);
  const plain = method === 0 ? content : await inflate({ fn: FN, argument: path }, content, 'deflate-raw', () => size);
  return plain.length === size ? plain : refuseDamaged(path, `${plain.length} bytes, where its directory says ${size}`);
}

function refuseDamaged(path: string, how: string): never {
  refuse({ fn: FN, argument: path }, 'INVALID_DATA', 'a whole zip archive of a model', `a damaged one: ${how}`, COPY);
}
