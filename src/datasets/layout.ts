import type { ImageSet } from './imageSet';

/** Reads a file by its path in the folder (or a member of an archive: `archive.tar.gz/member`) and parses its bytes. */
export type ReadAs = <T>(path: string, parse: (bytes: Uint8Array) => T | Promise<T>) => Promise<T>;

/** A part of a data set, such as `train` or `test`, that was found in a folder. */
export interface FoundPart {
  readonly part: string;
  /** Whether its images come with their classes. */
  readonly labelled: boolean;
  readonly read: (readAs: ReadAs) => Promise<ImageSet>;
}

/** A way in which files make up the parts of a data set. */
export interface Layout {
  /** Folders to look in; `.` is the one that the user names. */
  readonly folders: readonly string[];
  /** The parts that are made up of these files. */
  readonly find: (files: ReadonlySet<string>) => Iterable<FoundPart>;
}

/** The last name of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Whether systems, editors or archivers put a file or folder of this name there, and not the maker of a data set:
 * `.DS_Store`, `._test-images.idx.gz`, `.ipynb_checkpoints`, `__MACOSX`, `Thumbs.db`, ...
 */
export function isHidden(name: string): boolean {
  return /^(?:\..*|__MACOSX|__pycache__|@eaDir|#recycle|\$RECYCLE\.BIN|lost\+found|thumbs\.db|desktop\.ini)$/i.test(
    name,
  );
}
