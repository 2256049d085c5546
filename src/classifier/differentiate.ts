import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';

/**
 * Runs `work`, which differentiates. When it throws, the tensors that tfjs had saved for the backward pass are disposed
 * (tfjs forgets them), and a kernel that the backend lacks is reported in this library's words, with the fix.
 */
export function differentiate<T>(fn: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    disposeTape();
    return explain(fn, error);
  }
}

function disposeTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) return;
  tf.dispose((state.activeTape ?? []).flatMap((node) => node.saved ?? []));
  Reflect.set(state, 'activeTape', null);
}

function explain(fn: string, error: unknown): never {
  const [, kernel, backend] = /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(String(error)) ?? [];
  if (kernel === undefined) throw error;
  return refuse(
    { fn, argument: 'model' },
    'MISSING_KERNEL',
    `built of layers whose gradients the '${backend}' backend has`,
    `a model that needs its missing kernel ${kernel}`,
    backend === 'wasm'
      ? "Call `enableWasmTraining()` from 'relu-overconfidence/wasm' first."
      : 'Use another backend; `checkEnvironment()` lists what this one lacks.',
  );
}
