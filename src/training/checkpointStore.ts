/** Where checkpoints are kept. Implement it to keep them anywhere; {@link fileCheckpoint} keeps them in a file. */
export interface CheckpointStore {
  /** The last checkpoint written in full, or undefined when there is none yet. */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** Replaces the checkpoint; an interruption at any moment must leave the old one or the new one, whole. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
}
