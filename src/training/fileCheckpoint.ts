import { refuse, show } from '../core/check';
import { nodeModules } from '../core/nodeModules';

/** Where checkpoints are kept. Implement it to keep them anywhere; {@link fileCheckpoint} keeps them in a file. */
export interface CheckpointStore {
  /** The last checkpoint written in full, or undefined when there is none yet. */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** Replaces the checkpoint; an interruption at any moment must leave the old one or the new one, whole. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}

/**
 * Keeps checkpoints in one file (Node only). A checkpoint is written to `<path>.partial`, flushed to the disk and then
 * renamed over the old one, so that a crash, a power cut or `kill -9` at any moment leaves a whole checkpoint.
 *
 * @param path - The file; its folder must exist.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `path` is not a non-empty string or this is not Node.
 *
 * @example
 * ```ts
 * import { fileCheckpoint } from 'relu-overconfidence';
 *
 * const checkpoint = fileCheckpoint('training.checkpoint');
 * console.log(await checkpoint.read()); // undefined: nothing saved yet
 * ```
 */
export function fileCheckpoint(path: string): CheckpointStore {
  const where = { fn: 'fileCheckpoint', argument: 'path' };
  if (typeof path !== 'string' || path === '')
    refuse(where, 'INVALID_ARGUMENT', 'the name of a file', show(path), "Pass for example 'training.checkpoint'.");
  const { fs } = nodeModules(where, 'Pass a CheckpointStore of your own, for example over IndexedDB.');
  return {
    read: async () => {
      try {
        return new Uint8Array(await fs.readFile(path));
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: async (bytes) => {
      const partial = `${path}.partial`;
      const file = await fs.open(partial, 'w');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await fs.rename(partial, path);
    },
  };
}
