import type { Optimizer, Tensor } from '@tensorflow/tfjs-core';
import type { AttackOptions, AttackResult, PgdOptions } from '../attacks/types';
import type { DataLike } from '../classifier/labelledData';
import type { ClassifierOptions } from '../classifier/types';
import type { OodOptions } from '../evaluation/oodOptions';
import type { OodReport } from '../evaluation/oodReport';
import type { AcetOptions, CedaOptions, GradientsResult, PlainOptions, StepResult } from '../training/types';

/** A tfjs backend that workers can use; in Node `'cpu'` and `'wasm'`. */
export type PoolBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

/** What a pool uses of a `Worker` of `node:worker_threads`. */
export interface NodeWorker {
  /** Sends a message. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /** Listens. */
  on(event: string, listener: (value: unknown) => void): unknown;
  /** Keeps the process alive. */
  ref(): void;
  /** Lets the process end. */
  unref(): void;
  /** Ends the thread. */
  terminate(): Promise<number>;
}

/** What a pool uses of a Web Worker. */
export interface WebWorker {
  /** Sends a message. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /** Listens. */
  addEventListener(type: string, listener: (event: Event) => void): void;
  /** Ends the thread. */
  terminate(): void;
}

/** What {@link createTrainingPool} may be told: how to work and, as `classifier` is told, how to read the model. */
export interface TrainingPoolOptions extends Omit<ClassifierOptions, 'variables'> {
  /** Number of workers. @defaultValue one for each processor that may be used */
  readonly workers?: number;
  /**
   * The tfjs backend of the workers; its package must be installed. On `'wasm'` they use the kernels of
   * `enableWasmTraining`. @defaultValue 'wasm'
   */
  readonly backend?: PoolBackend;
  /** Option `winograd` of `enableWasmTraining` in the workers. @defaultValue true */
  readonly winograd?: boolean;
  /** Where browsers find the binaries of the wasm backend, as for its `setWasmPaths`. @defaultValue beside the script */
  readonly wasmPaths?: string;
  /**
   * Starts a worker, where a bundler does not find the script by itself. It must be a module that runs
   * `dist/parallelWorker.js` of this package. @defaultValue a worker on the script beside this one
   */
  readonly createWorker?: () => NodeWorker | WebWorker;
}

/** Lets a pooled call be stopped. */
export interface Stoppable {
  /** Stops the work: the promise is then rejected with `ABORTED`. @defaultValue none */
  readonly signal?: AbortSignal;
}

/**
 * Workers that train, attack and evaluate one model together; see {@link createTrainingPool}. The methods take what the
 * functions of the same name take, without the model, and give what these give. Tensors that are passed in must live until
 * the promise settles.
 */
export interface TrainingPool {
  /** Number of workers. */
  readonly workers: number;
  /** As {@link plainGradients}. */
  plainGradients(batch: DataLike, options?: PlainOptions & Stoppable): Promise<GradientsResult>;
  /** As {@link cedaGradients}. */
  cedaGradients(batch: DataLike, options?: CedaOptions & Stoppable): Promise<GradientsResult>;
  /** As {@link acetGradients}. */
  acetGradients(batch: DataLike, options?: AcetOptions & Stoppable): Promise<GradientsResult>;
  /** As {@link plainStep}: the optimizer updates the model in this process, and the workers follow. */
  plainStep(optimizer: Optimizer, batch: DataLike, options?: PlainOptions & Stoppable): Promise<StepResult>;
  /** As {@link cedaStep}. */
  cedaStep(optimizer: Optimizer, batch: DataLike, options?: CedaOptions & Stoppable): Promise<StepResult>;
  /** As {@link acetStep}. */
  acetStep(optimizer: Optimizer, batch: DataLike, options?: AcetOptions & Stoppable): Promise<StepResult>;
  /** As {@link pgdLinf}; `onStep` is called when every worker has done the step. */
  pgdLinf(x: Tensor, options?: PgdOptions): Promise<AttackResult>;
  /** As {@link pgdL2}. */
  pgdL2(x: Tensor, options?: PgdOptions): Promise<AttackResult>;
  /** As {@link apgdLinf}. */
  apgdLinf(x: Tensor, options?: AttackOptions): Promise<AttackResult>;
  /** As {@link maxConfidenceAttack}. */
  maxConfidenceAttack(x: Tensor, options?: AttackOptions): Promise<AttackResult>;
  /** As {@link evaluateOod}. */
  evaluateOod(options: OodOptions): Promise<OodReport>;
  /**
   * Ends all workers. Whatever is still at work, and every later call, is rejected with `DISPOSED`; the model is left as
   * it is. Call it again does nothing.
   */
  dispose(): Promise<void>;
}
