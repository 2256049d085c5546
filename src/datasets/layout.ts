import type { ImageSet } from './imageSet';

/** Reads a file by its path in the folder (or a member of an archive: `archive.tar.gz/member`) and parses its bytes. */
export type ReadAs = <T>(path: string, parse: (bytes: Uint8Array) => T | Promise<T>) => Promise<T>;

/** A part of a data set, such as `train` or `test`, that was found in a folder. */
export interface FoundPart {
  readonly part: string;
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
