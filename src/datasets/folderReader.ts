import type { Where } from '../core/check';
import { OverconfidenceError } from '../core/errors';
import { nodeModules } from '../core/nodeModules';
import { isHidden, type ReadAs } from './layout';
import { readTar } from './readTar';

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
