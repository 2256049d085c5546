import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { version_core } from '@tensorflow/tfjs-core';
import { checkEnvironment } from 'relu-overconfidence';

/** What a reader needs to place the figures; nothing that names a computer or its owner. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** Whether its WebAssembly has relaxed SIMD, with a fused multiply-add. */
  readonly fusedMultiplyAdd: boolean;
  readonly tfjs: string;
  /** How many programs wanted to run at the same time, averaged over the last minute. */
  readonly load: number;
}

/** Describes the machine as it is now. */
export function machine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    fusedMultiplyAdd: checkEnvironment().relaxedSimd,
    tfjs: version_core,
    load: Math.round(10 * loadavg()[0]!) / 10,
  };
}
