import * as tf from '@tensorflow/tfjs-core';
import { checkKeys, refuse, show } from '../core/check';
import { BACKEND } from './backend';
import { disableWasmTraining, registered } from './disableWasmTraining';
import { batchMatMul } from './kernels/batchMatMul';
import { conv2D } from './kernels/conv2D';
import { conv2DBackpropFilter } from './kernels/conv2DBackpropFilter';
import { conv2DBackpropInput } from './kernels/conv2DBackpropInput';
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './kernels/depthwiseBackprop';
import { ACTIVATION_GRAD, activationGrad, cast, identity } from './kernels/elementwise';
import { fusedConv2D, fusedMatMul } from './kernels/fused';
import { avgPoolGrad, maxPoolGrad } from './kernels/poolGrads';
import { mean, sum, unsortedSegmentSum } from './kernels/sums';
import { tile } from './kernels/tile';

/** How far the stock kernels may be replaced. */
export interface WasmTrainingOptions {
  /**
   * Whether convolutions 3 x 3 and 5 x 5 of stride 1 and their input gradients are computed by Winograd's algorithm:
   * twice as fast, with rounding errors of some 5e-6 of the largest output instead of 2e-7. Otherwise they are matrix
   * products, as all other convolutions are.
   *
   * @defaultValue true
   */
  readonly winograd?: boolean;
}

/**
 * Makes the WebAssembly backend of tfjs fit for training and attacks: registers the gradient kernels it lacks (of
 * convolutions, depthwise convolutions, gathers, and of activations from their values) and replaces those that are slow by
 * faster ones (convolutions and dense layers with bias and activation, gradients of convolutions and pooling, matrix products with
 * a transposed factor, sums over the leading axes or all, the repetitions in the gradient of batch normalisation, copies).
 *
 * A side effect on tfjs, and the only one of this library: from here on every model on the backend `'wasm'` uses these
 * kernels. Results agree with the stock kernels up to float32 rounding. Call it before or after `tf.setBackend('wasm')`;
 * calling it again with the same options changes nothing. {@link disableWasmTraining} takes it back.
 *
 * The backend's own package is yours to install and import, in a version of tfjs 4.
 *
 * @throws OverconfidenceError `MISSING_DEPENDENCY` if `@tensorflow/tfjs-backend-wasm` has not been imported,
 * `INVALID_OPTION` if `winograd` is not a boolean or another option is given.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-wasm';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { enableWasmTraining } from 'relu-overconfidence/wasm';
 *
 * enableWasmTraining();
 * await tf.setBackend('wasm');
 * ```
 */
export function enableWasmTraining(options: WasmTrainingOptions = {}): void {
  checkKeys({ fn: 'enableWasmTraining', argument: 'options' }, options, { winograd: true });
  const { winograd = true } = options;
  checkBackend();
  checkOption(winograd);
  if (registered.size > 0 && winograd !== usesWinograd) disableWasmTraining();
  usesWinograd = winograd;
  for (const [kernelName, make] of faster(winograd)) {
    const stock = tf.getKernel(kernelName, BACKEND);
    // A kernel that an older backend lacks altogether is not one we can speed up.
    if (registered.has(kernelName) || stock === undefined) continue;
    registered.set(kernelName, stock);
    // tfjs warns when a kernel is registered twice. The stock kernel's set-up must still run: ours falls back on it.
    tf.unregisterKernel(kernelName, BACKEND);
    tf.registerKernel({ ...stock, kernelFunc: make(stock.kernelFunc) });
  }
  for (const [kernelName, make] of missing) {
    if (tf.getKernel(kernelName, BACKEND) !== undefined) continue;
    registered.set(kernelName, undefined);
    tf.registerKernel({ kernelName, backendName: BACKEND, kernelFunc: make() });
  }
}

function checkOption(winograd: unknown): void {
  if (typeof winograd === 'boolean') return;
  const where = { fn: 'enableWasmTraining', argument: 'winograd' };
  refuse(where, 'INVALID_OPTION', 'true or false', show(winograd), 'Leave it out for the faster kernels.');
}

function checkBackend(): void {
  if (tf.findBackendFactory(BACKEND) !== null) return;
  refuse(
    { fn: 'enableWasmTraining', argument: 'backend' },
    'MISSING_DEPENDENCY',
    "the registered backend 'wasm'",
    'no such backend',
    "Install @tensorflow/tfjs-backend-wasm and import it first: `import '@tensorflow/tfjs-backend-wasm'`.",
  );
}

/** Builds a kernel, given the stock kernel of the same name to fall back on. */
type Maker = (stock: tf.KernelFunc) => tf.KernelFunc;

/** tfjs types every kernel as one that takes any inputs and attributes; ours name the ones they get. */
const maker = (make: object): Maker => make as Maker;

/** Whether the convolutions in use may be Winograd's. */
let usesWinograd = false;

/** Kernels that the backend has, but slowly. */
export const faster = (winograd: boolean): ReadonlyMap<string, Maker> =>
  new Map([
    [tf.AvgPoolGrad, maker(avgPoolGrad)],
    [tf.BatchMatMul, maker(batchMatMul)],
    [tf.Cast, maker(cast)],
    [tf.Conv2D, maker(conv2D(winograd))],
    [tf.Conv2DBackpropInput, maker(conv2DBackpropInput(winograd))],
    [tf.FusedConv2D, maker(fusedConv2D(winograd))],
    [tf._FusedMatMul, maker(fusedMatMul)],
    [tf.Identity, maker(identity)],
    [tf.MaxPoolGrad, maker(maxPoolGrad)],
    [tf.Mean, maker(mean)],
    [tf.Sum, maker(sum)],
    [tf.Tile, maker(tile)],
  ]);

/** Kernels that the backend lacks; one that a later version of it brings is left alone. */
export const missing: ReadonlyMap<string, () => tf.KernelFunc> = new Map([
  [ACTIVATION_GRAD, maker(activationGrad)],
  [tf.Conv2DBackpropFilter, maker(conv2DBackpropFilter)],
  [tf.DepthwiseConv2dNativeBackpropFilter, maker(depthwiseBackpropFilter)],
  [tf.DepthwiseConv2dNativeBackpropInput, maker(depthwiseBackpropInput)],
  [tf.UnsortedSegmentSum, maker(unsortedSegmentSum)],
] as [string, () => tf.KernelFunc][]);
