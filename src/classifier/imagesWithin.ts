import * as tf from '@tensorflow/tfjs-core';
import { memoryLimit } from '../core/memoryLimit';
import type { Classifier } from './types';

/** Work on images of which one has to be tried to know what it takes. */
interface Trial {
  /** What is done, as trials are remembered: an attack by its name, or 'logits'. */
  readonly kind: string;
  /** The images, `[B, ...inputShape]`. */
  readonly images: tf.Tensor;
  /** Does the work with the first image, and disposes of what comes out. */
  readonly run: () => void;
}

/** Kernels need memory that tfjs does not count. */
const UNCOUNTED = 1.5;

/** Images that are smaller than this share of the memory all together need no trial: no model makes so much of them. */
const SMALL = 1 / 2000;

/** Bytes for an image, by the model and what is done with it. */
const known = new WeakMap<object, Map<string, number>>();

/**
 * How many of the images fit into memory together, 1 at least: the one place that knows. The bytes for one image are measured
 * once for a model, by doing the work with one.
 *
 * @param memory - Bytes; by default half of what the backend or the machine has.
 */
export function imagesWithin(
  net: Classifier,
  { kind, images, run }: Trial,
  memory = memoryLimit(tf.getBackend()),
): number {
  const count = images.shape[0]!;
  if (count === 1 || images.size * Float32Array.BYTES_PER_ELEMENT < SMALL * memory) return count;
  const model = net.layersModel ?? net;
  const sizes = known.get(model) ?? new Map<string, number>();
  known.set(model, sizes);
  const work = `${kind} ${net.inference?.pass}`;
  const bytes = sizes.get(work) ?? peakBytes(run);
  if (bytes > 0) sizes.set(work, bytes);
  return Math.max(1, Math.min(count, Math.floor(memory / (UNCOUNTED * bytes))));
}

/** The most bytes of tensors that are alive at a time while something runs, beyond those that were before. */
function peakBytes(run: () => void): number {
  const before = tf.memory().numBytes;
  const { state } = tf.engine();
  let failure: unknown;
  // It profiles what runs at once; the promise is of no use here, and a failure comes out of it too late.
  void tf.profile(() => {
    try {
      run();
    } catch (error) {
      failure = error;
    }
  });
  const { kernels } = state.activeProfile;
  Reflect.set(state, 'profiling', false);
  if (failure !== undefined) throw failure;
  return kernels.reduce((most, { totalBytesSnapshot }) => Math.max(most, totalBytesSnapshot), before) - before;
}

/** Whether an error is what tfjs, or JavaScript, says when there is no memory left. */
export function isOutOfMemory(error: unknown): boolean {
  const said = error instanceof Error ? error.message : String(error);
  return /memory access out of bounds|divide by zero|out of memory|allocation failed|invalid typed array length/i.test(
    said,
  );
}
