import type { BlockResult, TaskKind } from './record';

/** A measurement, cut into blocks that can be done in any order and on any machine with the same result. */
export interface Task {
  readonly name: string;
  readonly kind: TaskKind;
  readonly samples: number;
  /** Samples done at a time. */
  readonly blockSize: number;
  /** Work in one sample, in forward passes: what the time left is reckoned by. */
  readonly cost: number;
  /** Whether the run goes on without this measurement when it cannot be done. */
  readonly optional: boolean;
  /** Measures the samples from `start` on; `onWork` is told the work done in this block. */
  readonly run: (start: number, size: number, onWork: (done: number) => void) => Promise<BlockResult>;
}
