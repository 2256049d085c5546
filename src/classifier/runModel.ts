import { type ErrorCode, OverconfidenceError } from '../core/errors';
import { withRightKernels } from './rightKernels';

/** What tfjs says, by a part of its message, and what it means; it looks for the backend of memory that is gone. */
const CAUSES: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/disposed|reading 'backend'/i, 'DISPOSED', 'Dispose of the model when all work with it is done, not before.'],
  [
    /No backend found|has not yet been initialized/i,
    'NO_BACKEND',
    "Import a backend, for example `import '@tensorflow/tfjs-backend-wasm'`, and `await tf.ready()`.",
  ],
  [
    /Kernel '\w+' not registered/,
    'MISSING_KERNEL',
    'Use another backend; `checkEnvironment()` lists what this one lacks.',
  ],
];

/** Runs a model; an error of tfjs, or of the caller's own function, comes out as one of this library, with its cause. */
export function runModel<T>(work: () => T): T {
  try {
    return withRightKernels(work);
  } catch (cause) {
    if (cause instanceof OverconfidenceError) throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    const [, code, fix] = CAUSES.find(([pattern]) => pattern.test(said)) ?? [
      undefined,
      'UNSUPPORTED_MODEL' as const,
      'Call its predict on one float32 batch of that shape to see the same; see `cause`.',
    ];
    throw new OverconfidenceError({
      code,
      fn: 'classifier',
      argument: 'model',
      expected: 'a model that can be run on float32 inputs of its input shape',
      got: `the error "${said}"`,
      fix,
      cause,
    });
  }
}
