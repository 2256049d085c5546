/**
 * Stable, machine-readable reasons for an {@link OverconfidenceError}. New codes may be added; existing ones keep their
 * meaning.
 *
 * - `INVALID_ARGUMENT`: an argument has the wrong type or is missing.
 * - `INVALID_OPTION`: an option is outside its range (epsilon <= 0, steps not a whole number, ...).
 * - `INVALID_SHAPE`: a tensor has the wrong rank or shape.
 * - `NON_FINITE`: a tensor or array holds NaN or an infinite value.
 * - `OUT_OF_BOUNDS`: values lie outside the classifier's input `bounds`.
 * - `INVALID_LABELS`: labels are not class indices in range or not one-hot rows.
 * - `EMPTY_INPUT`: an array of scores or a batch is empty.
 * - `PROBABILITIES_AS_LOGITS`: a model that returns probabilities was declared (or taken) to return logits.
 * - `GRADIENTS_NOT_REGISTERED`: the tfjs gradients are not registered, so nothing can be trained or attacked.
 * - `MISSING_KERNEL`: the backend lacks a kernel that the computation needs.
 * - `NO_BACKEND`: no tfjs backend is registered, or the active one is not ready.
 * - `UNSUPPORTED_MODEL`: the model has a structure or layer the function cannot work with.
 * - `INVALID_CHECKPOINT`: a checkpoint is damaged or belongs to a different run.
 * - `INVALID_DATA`: bytes of a data file are truncated or do not follow their format.
 * - `DOWNLOAD_FAILED`: a file could not be fetched, or not to its end.
 * - `MISSING_DEPENDENCY`: an optional package that the function needs is not installed.
 * - `ABORTED`: the caller's `AbortSignal` fired.
 * - `WORKER_FAILED`: a worker thread ended, could not be started, or failed for a reason of its own (see `cause`).
 * - `DISPOSED`: something was used, or still at work, after its `dispose()`.
 */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_OPTION'
  | 'INVALID_SHAPE'
  | 'NON_FINITE'
  | 'OUT_OF_BOUNDS'
  | 'INVALID_LABELS'
  | 'EMPTY_INPUT'
  | 'PROBABILITIES_AS_LOGITS'
  | 'GRADIENTS_NOT_REGISTERED'
  | 'MISSING_KERNEL'
  | 'NO_BACKEND'
  | 'UNSUPPORTED_MODEL'
  | 'INVALID_CHECKPOINT'
  | 'INVALID_DATA'
  | 'DOWNLOAD_FAILED'
  | 'MISSING_DEPENDENCY'
  | 'ABORTED'
  | 'WORKER_FAILED'
  | 'DISPOSED';

/** Everything an {@link OverconfidenceError} says, as separate readable parts. */
export interface ErrorDetails {
  /** Stable reason, see {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** Name of the public function that refused. */
  readonly fn: string;
  /** Name of the argument or option at fault, as the caller wrote it. */
  readonly argument: string;
  /** What would have been accepted. */
  readonly expected: string;
  /** What came instead. */
  readonly got: string;
  /** What to do about it, as a sentence. */
  readonly fix: string;
  /** The error that caused this one, if any. */
  readonly cause?: unknown;
}

/**
 * The one error class of this library: every refusal carries a stable `code`, the function, the argument, what was
 * expected, what came, and the fix.
 *
 * @example
 * ```ts
 * import { auroc, OverconfidenceError } from 'relu-overconfidence';
 *
 * try {
 *   auroc([], [0.5]);
 * } catch (error) {
 *   if (error instanceof OverconfidenceError) console.log(error.code); // 'EMPTY_INPUT'
 * }
 * ```
 */
export class OverconfidenceError extends Error {
  /** Always 'OverconfidenceError', also where two copies of the library make `instanceof` fail. */
  override readonly name = 'OverconfidenceError';
  /** Stable reason, see {@link ErrorCode}. */
  readonly code: ErrorCode;
  /** Name of the public function that refused. */
  readonly fn: string;
  /** Name of the argument or option at fault. */
  readonly argument: string;
  /** What would have been accepted. */
  readonly expected: string;
  /** What came instead. */
  readonly got: string;
  /** What to do about it. */
  readonly fix: string;

  /** Builds the message from its parts; the library throws these, users catch them. */
  constructor({ code, fn, argument, expected, got, fix, cause }: ErrorDetails) {
    super(
      `${fn}: expected \`${argument}\` to be ${expected}, but got ${got}. ${fix}`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
    this.fn = fn;
    this.argument = argument;
    this.expected = expected;
    this.got = got;
    this.fix = fix;
  }
}
