import { refuse } from '../../core/check';
import { inflate } from '../../core/inflate';
import { COPY, checkInside, FN, findJson, type ModelPlace, refuseLarge, refuseOutside } from './place';

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
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === FILE;
}

/** The model in a zip archive, such as the one that Teachable Machine exports. Nothing is unpacked to the disk. */
export function zipPlace(archive: string, bytes: Uint8Array): ModelPlace {
  const entries = readDirectory(archive, bytes);
  const json = findJson(archive, [...entries.keys()]);
  const folder = json.slice(0, json.lastIndexOf('/') + 1);
  return {
    path: `${archive}/${json}`,
    json: json.slice(folder.length),
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
