import { refuse, type Where } from '../core/check';
import { OverconfidenceError } from '../core/errors';
import { nodeModules } from '../core/nodeModules';
import { isHidden, type ReadAs } from './layout';

/** No archive of a known data set inflates to more. */
const LARGEST_ARCHIVE = 2 ** 28;
const ARCHIVE = '.tar.gz';

/** Reads below a folder; paths are relative to it. */
export interface FolderReader {
  /** Paths of the files of a subfolder (`.` is the folder itself); none where it does not exist. */
  readonly list: (subfolder: string) => Promise<string[]>;
  /** Reads and parses a file, or a member of a `.tar.gz`; what is wrong with it is said with its path. */
  readonly readAs: ReadAs;
}

export function folderReader(fn: string, folder: string): FolderReader {
  const fix = 'Fetch the bytes yourself and pass them to parseIdx, parseCifar or parseSvhn.';
  const { fs, zlib } = nodeModules({ fn, argument: 'folder' }, fix);
  let archive: { readonly path: string; readonly files: ReadonlyMap<string, Uint8Array> } | undefined;

  const open = async (path: string) => {
    if (archive?.path === path) return archive.files;
    const packed = await fs.readFile(`${folder}/${path}`);
    const unpacked = await new Promise<Uint8Array>((resolve, reject) => {
      zlib.gunzip(packed, { maxOutputLength: LARGEST_ARCHIVE }, (error, data) =>
        error ? reject(error) : resolve(data),
      );
    }).catch((cause: unknown) => refuseDamaged({ fn, argument: path }, cause));
    archive = { path, files: readTar({ fn, argument: path }, unpacked) };
    return archive.files;
  };

  const load = async (path: string): Promise<Uint8Array> => {
    const end = path.indexOf(`${ARCHIVE}/`) + ARCHIVE.length;
    if (end < ARCHIVE.length) return new Uint8Array(await fs.readFile(`${folder}/${path}`));
    const member = (await open(path.slice(0, end))).get(path.slice(end + 1));
    return member ?? refuseDamaged({ fn, argument: path }, 'the archive has no such file');
  };

  return {
    list: async (subfolder) => {
      try {
        const entries = await fs.readdir(`${folder}/${subfolder}`, { withFileTypes: true });
        return entries
          .filter((entry) => !entry.isDirectory() && !isHidden(entry.name))
          .map(({ name }) => `${subfolder}/${name}`);
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return [];
        throw error;
      }
    },
    readAs: async (path, parse) => {
      const bytes = await load(path);
      try {
        return await parse(bytes);
      } catch (cause) {
        if (!(cause instanceof OverconfidenceError)) throw cause;
        const { code, expected, got, fix: remedy } = cause;
        throw new OverconfidenceError({ code, fn, argument: path, expected, got, fix: remedy, cause });
      }
    },
  };
}

function refuseDamaged({ fn, argument }: Where, cause: unknown): never {
  throw new OverconfidenceError({
    code: 'INVALID_DATA',
    fn,
    argument,
    expected: 'whole',
    got: `what cannot be unpacked (${cause instanceof Error ? cause.message : String(cause)})`,
    fix: 'Download it again.',
    cause,
  });
}

const BLOCK = 512;

/** The plain files of a tar archive by their names, as views of its bytes. */
function readTar(where: Where, archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    const size = octal(header, 124, 12);
    at += BLOCK;
    if (octal(header, 148, 8) !== checksum(header) || at + size > archive.length)
      refuse(
        where,
        'INVALID_DATA',
        'a whole tar archive',
        `one that breaks off or is damaged at byte ${at - BLOCK}`,
        'Download it again.',
      );
    const type = header[156];
    if (type === 0 || type === 0x30) files.set(text(header, 0, 100), archive.subarray(at, at + size));
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(header: Uint8Array, from: number, length: number): string {
  return new TextDecoder().decode(header.subarray(from, from + length)).replace(/\0.*$/s, '');
}

function octal(header: Uint8Array, from: number, length: number): number {
  return Number.parseInt(text(header, from, length).trim() || '0', 8);
}

/** Sum of the header's bytes, its own checksum taken for spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}
