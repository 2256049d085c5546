import * as tf from '@tensorflow/tfjs-core';
import { gradientsRegistered } from './differentiate';

/** Kernels that the gradients of common layers call; a backend without them can run a model but not train it. */
const TRAINING_KERNELS = [
  'AvgPoolGrad',
  'BatchMatMul',
  'Conv2DBackpropFilter',
  'Conv2DBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
  'DepthwiseConv2dNativeBackpropInput',
  'FusedBatchNorm',
  'IsNan',
  'MaxPoolGrad',
  'Sign',
  'UnsortedSegmentSum',
] as const;

/** One thing that stands in the way, and what to do about it. */
export interface EnvironmentProblem {
  /** What is wrong. */
  readonly what: string;
  /** What to do about it. */
  readonly fix: string;
}

/** What {@link checkEnvironment} found. */
export interface Environment {
  /** Name of the active tfjs backend; an empty string when there is none. */
  readonly backend: string;
  /** Version of tfjs-core. */
  readonly tfjsVersion: string;
  /** Whether the tfjs gradients are registered, without which nothing can be attacked or trained. */
  readonly gradients: boolean;
  /** Kernels needed by the gradients of common layers that the backend lacks. */
  readonly missingKernels: readonly string[];
  /** Whether the engine's WebAssembly has relaxed SIMD, whose fused multiply-add the kernels of `enableWasmTraining` take. */
  readonly relaxedSimd: boolean;
  /** Everything worth fixing, in words; empty when all is well. */
  readonly problems: readonly EnvironmentProblem[];
  /** What would make the same work faster, in words; empty when nothing is known that would. */
  readonly hints: readonly EnvironmentProblem[];
}

/**
 * Looks at the tfjs backend and says, in words, what would stop training or an attack, and what would make them faster.
 *
 * @returns Plain data; nothing is changed.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import '@tensorflow/tfjs-layers';
 * import { checkEnvironment } from 'relu-overconfidence';
 *
 * for (const { what, fix } of checkEnvironment().problems) console.log(what, fix);
 * ```
 */
export function checkEnvironment(): Environment {
  const backend = tf.getBackend() ?? '';
  const gradients = gradientsRegistered();
  const missingKernels = backend === '' ? [] : TRAINING_KERNELS.filter((name) => tf.getKernel(name, backend) == null);
  const relaxedSimd = hasRelaxedSimd();
  return {
    backend,
    tfjsVersion: tf.version_core,
    gradients,
    missingKernels,
    relaxedSimd,
    problems: [
      ...(backend === '' ? [NO_BACKEND] : []),
      ...(gradients ? [] : [NO_GRADIENTS]),
      ...(missingKernels.length > 0 ? [missing(backend, missingKernels)] : []),
    ],
    hints: backend === 'wasm' && !relaxedSimd ? [OLD_ENGINE] : [],
  };
}

const NO_BACKEND: EnvironmentProblem = {
  what: 'No tfjs backend is active.',
  fix: "Import one, for example `import '@tensorflow/tfjs-backend-wasm'`, and `await tf.ready()`.",
};

const NO_GRADIENTS: EnvironmentProblem = {
  what: 'The tfjs gradients are not registered: nothing can be attacked or trained.',
  fix: "Add `import '@tensorflow/tfjs-layers'` (or '@tensorflow/tfjs').",
};

const OLD_ENGINE: EnvironmentProblem = {
  what: "This engine's WebAssembly has no fused multiply-add (relaxed SIMD): convolutions take some 1.5 to 2 times as long.",
  fix: 'Use Node 22 or newer, Chrome 114 or newer, Firefox 145 or newer.',
};

function missing(backend: string, kernels: readonly string[]): EnvironmentProblem {
  return {
    what: `The backend '${backend}' lacks kernels for the gradients of some layers: ${kernels.join(', ')}.`,
    fix:
      backend === 'wasm'
        ? "Call `enableWasmTraining()` from 'relu-overconfidence/wasm'."
        : 'Train on another backend, or use layers that do not need them.',
  };
}

/** A module with one function, `(a, b, c) => a * b + c` on four floats, in the one instruction of relaxed SIMD. */
const MODULE = [
  [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  [1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b],
  [3, 2, 1, 0],
  [10, 13, 1, 11, 0, 0x20, 0, 0x20, 1, 0x20, 2, 0xfd, 0x85, 0x02, 0x0b],
];

/** Whether this engine's WebAssembly has relaxed SIMD: V8 from 11.4 on (Node 22, Chrome 114), Firefox from 145 on. */
function hasRelaxedSimd(): boolean {
  return typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(MODULE.flat()));
}
