import * as tf from '@tensorflow/tfjs-core';
import { refuse, show, type Where } from './check';
import { throwIfAborted } from './pausing';

/** A tf.data Dataset, as far as it is used here. Its type does not tell what is in a batch, which is looked at when it comes. */
export interface DatasetLike {
  /** Begins to read, from the first batch. */
  iterator(): Promise<{
    /** The next batch, or that there is none. */
    next(): Promise<IteratorResult<unknown>>;
  }>;
}

/**
 * Batches one after the other, so that not all need be in memory: a tf.data Dataset, an async generator, or anything else that
 * `for await` takes. Each batch is taken over by the function that reads it, which disposes its tensors.
 */
export type Batches<T> = AsyncIterable<T> | DatasetLike;

/** Whether a value is such a stream, told by what it can do. */
export function isStream<T>(value: unknown): value is Batches<T> {
  if (value === null || typeof value !== 'object' || value instanceof tf.Tensor) return false;
  const dataset = 'iterator' in value && typeof value.iterator === 'function';
  return dataset || (Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function');
}

/**
 * The batches of a stream. An abort is heard while one is waited for, and the stream is then told to end; so it is when the reader
 * stops. A stream without a batch is refused.
 */
export async function* readBatches<T>(
  where: Where,
  stream: Batches<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  throwIfAborted(where.fn, signal);
  const source: AsyncIterator<T> | Awaited<ReturnType<DatasetLike['iterator']>> =
    Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : await stream.iterator();
  let [any, open] = [false, true];
  try {
    while (true) {
      const next = await orAborted(where.fn, source.next(), signal);
      if (next.done) break;
      any = true;
      yield next.value as T;
    }
    open = false;
  } finally {
    // Not waited for: a source that hangs would hold up the abort.
    if (open && 'return' in source) void source.return?.().catch(() => {});
  }
  if (!any)
    refuse(
      where,
      'EMPTY_INPUT',
      'a stream of one batch or more',
      'one that ended at once',
      `Look at what made it: ${show(stream)}. A generator can be read only once.`,
    );
}

/** Disposes the tensors of a batch, whatever it is. */
export function disposeBatch(batch: unknown): void {
  tf.dispose(batch as tf.TensorContainer);
}

/** A promise, or the refusal of an abort, whichever comes first. What the promise gives after an abort is disposed. */
async function orAborted<T>(fn: string, promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), aborted]);
    if (first === undefined) {
      promise.then(disposeBatch, () => {});
      throwIfAborted(fn, signal);
    }
    return first!.value;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
