import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../core/check';
import { CORRECTIONS, fusedConvolution } from './correctedGradients';
import { withRightKernels } from './rightKernels';

/**
 * Runs `work`, which differentiates: its forward pass too, since tfjs looks gradients up while it records. Within it, and
 * nowhere else, the gradients that tfjs has wrong are replaced. When it throws, the tensors that tfjs had saved for the
 * backward pass are disposed (tfjs forgets them), and what cannot be differentiated is reported in this library's words.
 */
export function differentiate<T>(fn: string, work: () => T): T {
  try {
    return withRightKernels(() => withCorrections(work));
  } catch (error) {
    disposeTape();
    return explain(fn, error);
  }
}

let corrected = false;

function withCorrections<T>(work: () => T): T {
  // Within another differentiation they are in place.
  if (corrected) return work();
  const before = new Map<string, tf.GradConfig | undefined>();
  const engine = tf.engine();
  try {
    corrected = true;
    for (const [name, correction] of CORRECTIONS) {
      const stock: tf.GradConfig | undefined = tf.getGradient(name);
      before.set(name, stock);
      replace(stock, correction(stock?.gradFunc ?? noStock));
    }
    Reflect.set(engine, 'runKernelFunc', watched(engine));
    return work();
  } finally {
    Reflect.deleteProperty(engine, 'runKernelFunc');
    for (const [name, stock] of before) replace(tf.getGradient(name), stock);
    corrected = false;
  }
}

function replace(now: tf.GradConfig | undefined, by: tf.GradConfig | undefined): void {
  if (now !== undefined) tf.unregisterGradient(now.kernelName);
  if (by !== undefined) tf.registerGradient(by);
}

function noStock(): never {
  throw new Error('tfjs has no gradient of its own here.');
}

/** What the engine is given to run: a kernel by name, or a function that carries its own gradient. */
interface Call {
  readonly kernelName?: string;
  readonly inputs: Readonly<Record<string, tf.Tensor | undefined>>;
  readonly attrs?: { readonly activation?: string };
  readonly forwardFunc?: (...forward: unknown[]) => unknown;
  readonly backwardsFunc?: (dy: tf.Tensor, saved: tf.Tensor[]) => unknown;
}

/** The engine's way to run anything, but for the two gradients that tfjs does not look up by the name of a kernel. */
function watched(engine: object): (call: Call) => unknown {
  const run: (call: Call) => unknown = Reflect.get(engine, 'runKernelFunc');
  let fused: Call | undefined;
  return (call) => {
    if (call.kernelName === tf.FusedBatchNorm) return run.call(engine, complete(call));
    if (call.kernelName === tf.FusedConv2D || call.kernelName === tf.FusedDepthwiseConv2D) fused = call;
    const { forwardFunc, backwardsFunc } = call;
    if (forwardFunc === undefined || backwardsFunc === undefined) return run.call(engine, call);
    let inner: Call | undefined;
    return run.call(engine, {
      ...call,
      forwardFunc: (...forward) => {
        const outer = fused;
        fused = undefined;
        try {
          return forwardFunc(...forward);
        } finally {
          [inner, fused] = [fused, outer];
        }
      },
      backwardsFunc: (dy, saved) =>
        inner?.attrs?.activation === 'linear' && saved.length >= 3
          ? fusedConvolution(inner.kernelName!, dy, saved, inner.attrs)
          : backwardsFunc(dy, saved),
    });
  };
}

/** Batch normalisation that is told its scale and offset: where one is missing, the tape of tfjs breaks. */
function complete(call: Call): Call {
  const { scale, offset, ...inputs } = call.inputs;
  const { shape } = inputs.mean!;
  return { ...call, inputs: { ...inputs, scale: scale ?? tf.ones(shape), offset: offset ?? tf.zeros(shape) } };
}

function disposeTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) return;
  tf.dispose((state.activeTape ?? []).flatMap((node) => node.saved ?? []));
  Reflect.set(state, 'activeTape', null);
}

function explain(fn: string, error: unknown): never {
  const where = { fn, argument: 'model' };
  const message = error instanceof Error ? error.message : String(error);
  const [, kernel, backend] = /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(message) ?? [];
  if (kernel !== undefined)
    refuse(
      where,
      'MISSING_KERNEL',
      `built of layers whose gradients the '${backend}' backend has`,
      `a model that needs its missing kernel ${kernel}`,
      backend === 'wasm'
        ? "Call `enableWasmTraining()` from 'relu-overconfidence/wasm' first."
        : 'Use another backend; `checkEnvironment()` lists what this one lacks.',
    );
  const what = undifferentiable(message);
  if (what === undefined) throw error;
  return refuse(
    where,
    'UNSUPPORTED_MODEL',
    'made of operations that can be differentiated',
    what,
    'Replace that part of the model, or use another backend.',
  );
}

/** What tfjs says that it cannot differentiate, if that is what its message says. */
function undifferentiable(message: string): string | undefined {
  const found = /gradient function not found for (\w+)|Error in gradient (?:for op|of) (\w+)/.exec(message);
  const operation = found?.[1] ?? found?.[2];
  if (operation !== undefined) return `the operation ${operation}, of which tfjs has no gradient`;
  if (/Cannot compute gradient of y=f\(x\)/.test(message)) return 'logits that do not depend on the input';
  return undefined;
}

/** Whether tfjs can differentiate; tfjs-core alone registers no gradients in Node. */
export function gradientsRegistered(): boolean {
  return tf.getGradient('BatchMatMul') !== undefined;
}

/** Refuses when tfjs cannot differentiate, before any work. */
export function checkGradients(fn: string): void {
  if (gradientsRegistered()) return;
  refuse(
    { fn, argument: 'model' },
    'GRADIENTS_NOT_REGISTERED',
    'used with the tfjs gradients registered',
    'an environment without them',
    "Add `import '@tensorflow/tfjs-layers'` (or '@tensorflow/tfjs') before the first use.",
  );
}
