import type { AttackName } from '../attacks/attackDefaults';
import type { AttackStep, BatchRows, PgdOptions } from '../attacks/types';
import type { Plan } from '../classifier/classifier';
import { type ErrorDetails, OverconfidenceError } from '../core/errors';
import type { RngState } from '../core/rng';
import type { LossName } from '../losses/headLosses';
import type { BatchShare } from '../training/objectiveGradients';
import type { Block } from './blocks';
import type { PoolBackend } from './types';

/** What can be asked of a worker. */
export type WorkerRequest = SetupRequest | AttackRequest | GradientsRequest | LogitsRequest;

/** Choose the backend and build the model. */
export interface SetupRequest {
  readonly kind: 'setup';
  readonly backend: PoolBackend;
  readonly winograd: boolean;
  readonly wasmPaths: string | undefined;
  /** The model as JSON, without its weights. */
  readonly topology: string;
  readonly plan: Plan;
}

/** Attack some rows of a batch. */
export interface AttackRequest {
  readonly kind: 'attack';
  readonly attack: AttackName;
  readonly x: Block;
  readonly rows: BatchRows;
  readonly rng: RngState;
  /** Without one the attack's own default. */
  readonly objective: NamedObjective | undefined;
  readonly settings: AttackSettings;
  /** Whether every step is to be told. */
  readonly tellSteps: boolean;
}

/** An objective as workers know it: the name of a loss, or labels to take the head's cross entropy to. */
export type NamedObjective =
  | LossName
  | { readonly labels: Block; readonly classes: number; readonly head: 'softmax' | 'sigmoids' };

/** The options of an attack that are plain data. */
export type AttackSettings = Omit<PgdOptions, 'objective' | 'onStep' | 'signal' | 'rng' | 'seed' | 'rows'>;

/** Differentiate the training objective on some rows of a batch, or on all. */
export interface GradientsRequest {
  readonly kind: 'gradients';
  readonly fn: string;
  readonly x: Block;
  readonly y: Block;
  readonly noise: Block | undefined;
  readonly lambda: number;
  readonly weightDecay: number;
  readonly classWeights: readonly number[] | undefined;
  readonly outLoss: LossName;
  readonly share: BatchShare;
  readonly rng: RngState;
  /** What is trainable, as `trainableFlags` says. */
  readonly trainable: readonly boolean[];
}

/** Compute the logits of some rows of a batch. */
export interface LogitsRequest {
  readonly kind: 'logits';
  readonly fn: string;
  readonly x: Block;
  readonly batchSize: number | undefined;
}

/** What a worker answers. */
export type WorkerAnswer = SetupAnswer | AttackAnswer | GradientsAnswer | LogitsAnswer;

/** Result of a {@link SetupRequest}. */
export interface SetupAnswer {
  readonly kind: 'setup';
}

/** Result of an {@link AttackRequest}. */
export interface AttackAnswer {
  readonly kind: 'attack';
  readonly adversarial: Block;
  readonly objective: Block;
  readonly gradientEvaluations: number;
  readonly zeroGradients: number | undefined;
  readonly blindImages: number | undefined;
  readonly nonFiniteGradients: number | undefined;
  /** Where the stream of random numbers stands after the attack. */
  readonly rng: RngState;
}

/** Result of a {@link GradientsRequest}: what these rows add to the loss and the gradients of the whole batch. */
export interface GradientsAnswer {
  readonly kind: 'gradients';
  readonly loss: number;
  /** Means over the rows of this answer. */
  readonly inLoss: number;
  readonly outLoss: number;
  readonly outConfidence: number;
  /** In the order of the classifier's trainable variables. */
  readonly grads: readonly Block[];
  /** Variables that the forward pass has changed (moving averages), by their place in the list of all. */
  readonly changed: readonly ChangedVariable[];
  readonly rng: RngState;
}

/** A variable and its new value. */
export interface ChangedVariable {
  readonly index: number;
  readonly value: Block;
}

/** Result of a {@link LogitsRequest}. */
export interface LogitsAnswer {
  readonly kind: 'logits';
  readonly values: Float32Array;
}

/** The answer to a {@link WorkerRequest}. */
export type AnswerTo<T extends WorkerRequest> = Extract<WorkerAnswer, { kind: T['kind'] }>;

/** New weights: all of them one after the other, in shared memory where there is such, and the places of those that are new. */
export interface NewWeights {
  readonly kind: 'weights';
  readonly values: Float32Array;
  readonly changed: readonly number[];
}

/** Everything a worker may be sent. Requests come one at a time. */
export type ToWorker = NewWeights | { readonly kind: 'request'; readonly request: WorkerRequest };

/** An error as plain data: one of this library's by its parts, any other by its message and stack. */
export type PlainError =
  | { readonly known: Omit<ErrorDetails, 'cause'> }
  | { readonly message: string; readonly stack: string };

/** Everything a worker may say. */
export type FromWorker =
  | { readonly kind: 'done'; readonly answer: WorkerAnswer }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | { readonly kind: 'step'; readonly at: AttackStep };

/** An error made ready to be sent: errors lose their fields on the way to another thread. */
export function toPlainError(error: unknown): PlainError {
  if (error instanceof OverconfidenceError) {
    const { code, fn, argument, expected, got, fix } = error;
    return { known: { code, fn, argument, expected, got, fix } };
  }
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? error.message };
  return { message: String(error), stack: String(error) };
}

/** The error that a worker reported: this library's as it was, any other as the cause of a `WORKER_FAILED`. */
export function fromPlainError(fn: string, error: PlainError): OverconfidenceError {
  if ('known' in error) return new OverconfidenceError(error.known);
  const cause = new Error(error.message);
  cause.stack = error.stack;
  return workerFailed(fn, `an error in one of them (${error.message})`, cause);
}

/** A worker that ended or failed for a reason of its own. */
export function workerFailed(fn: string, got: string, cause?: unknown): OverconfidenceError {
  return new OverconfidenceError({
    code: 'WORKER_FAILED',
    fn,
    argument: 'workers',
    expected: 'able to start and to finish their work',
    got,
    fix: 'Look at the cause. If memory ran out, use fewer workers or smaller batches; if the script of the workers was not found, pass `createWorker`.',
    cause,
  });
}

/** What waits for a pool that was disposed, or uses it afterwards, is told. */
export function poolDisposed(fn: string): OverconfidenceError {
  return new OverconfidenceError({
    code: 'DISPOSED',
    fn,
    argument: 'pool',
    expected: 'in use until the work was done',
    got: 'a pool that has been disposed',
    fix: 'Await all work before dispose(), or make another pool.',
  });
}
