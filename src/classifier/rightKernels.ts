import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import type { Layer } from './walkGraph';

/** What the wasm backend of tfjs 4.22 computes wrongly in every use, by kernel. */
const WRONG_ON_WASM: Readonly<Record<string, string>> = {
  [tf.Conv3DBackpropInputV2]: 'Conv3DTranspose',
  [tf.Dilation2D]: 'Dilation2D',
  [tf.MaxPool3D]: 'MaxPooling3D',
};

/** The kernels of 2-D convolutions, and whether they are depthwise. */
const CONVOLUTIONS: Readonly<Record<string, boolean>> = {
  [tf.Conv2D]: false,
  [tf.FusedConv2D]: false,
  [tf.DepthwiseConv2dNative]: true,
  [tf.FusedDepthwiseConv2D]: true,
};

type Kernel = tf.KernelConfig['kernelFunc'];

let replaced = false;

/**
 * Runs `work`, which calls a model. Within it, and nowhere else, kernels that tfjs 4.22 has wrong are replaced by right ones, or
 * by a refusal that names the layer.
 */
export function withRightKernels<T>(work: () => T): T {
  const backend = tf.getBackend();
  // Within another call they are in place.
  if (replaced || (backend !== 'cpu' && backend !== 'wasm')) return work();
  const stock: tf.KernelConfig[] = [];
  try {
    replaced = true;
    for (const [name, replacement] of replacements(backend)) {
      const kernel: tf.KernelConfig | undefined = tf.getKernel(name, backend);
      if (kernel === undefined) continue;
      stock.push(kernel);
      replace({ ...kernel, kernelFunc: replacement(kernel.kernelFunc) });
    }
    return work();
  } finally {
    stock.forEach(replace);
    replaced = false;
  }
}

/** What a layer or a whole model computes of tensors, in training mode or not. */
export function applied(layer: Layer | LayersModel, x: readonly tf.Tensor[], training = false): tf.Tensor {
  const inputs = x.length === 1 ? x[0]! : [...x];
  return withRightKernels(() => layer.apply(inputs, { training }) as tf.Tensor);
}

/** What a GraphModel computes of a tensor, at the outputs or inner nodes of these names. */
export function executed(model: tf.InferenceModel, x: tf.Tensor, names: readonly string[]): tf.Tensor[] {
  return withRightKernels(() => [model.execute(x, [...names])].flat());
}

function replace(kernel: tf.KernelConfig): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}

function replacements(backend: 'cpu' | 'wasm'): (readonly [string, (stock: Kernel) => Kernel])[] {
  const everywhere = [[tf.FusedBatchNorm, (stock: Kernel) => overLastAxis(stock, backend)]] as const;
  if (backend === 'cpu') return [...everywhere];
  return [
    ...everywhere,
    [tf._FusedMatMul, upright],
    ...Object.entries(WRONG_ON_WASM).map(([name, layer]) => [name, () => () => refuseWrong(layer, 'wasm')] as const),
    ...Object.entries(CONVOLUTIONS).map(
      ([name, depthwise]) => [name, (stock: Kernel) => insideImage(stock, depthwise)] as const,
    ),
  ];
}

/** tfjs picks the wrong entries of mean and variance where they are not along the last axis. */
function overLastAxis(stock: Kernel, backend: string): Kernel {
  return (call) => {
    const { x, mean } = call.inputs as { x: tf.TensorInfo; mean: tf.TensorInfo };
    const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
    if (mean.shape.length > 1 && size(mean.shape) !== size(x.shape))
      refuseWrong('batch normalisation along an axis that is not the last', backend);
    return stock(call);
  };
}

/**
 * Convolutions of the wasm backend (XNNPACK) read beside the image where strides are so much longer than the window that the
 * last rows or columns are seen by none ('same' padding would have to be negative): these are cut off before.
 */
function insideImage(stock: Kernel, depthwise: boolean): Kernel {
  return (call) => {
    const { x, filter } = call.inputs as { x: tf.TensorInfo; filter: tf.TensorInfo };
    const { strides, pad, dilations, dimRoundingMode } = call.attrs as {
      strides: [number, number];
      pad: 'same' | 'valid' | number;
      dilations: [number, number] | null;
      dimRoundingMode?: 'floor' | 'round' | 'ceil';
    };
    if (pad !== 'same') return stock(call);
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const seen = tf.backend_util.computeConv2DInfo(
      [batch, height, width, channels],
      filter.shape as [number, number, number, number],
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
    );
    const rows = Math.min(height, (seen.outHeight - 1) * seen.strideHeight + seen.effectiveFilterHeight);
    const columns = Math.min(width, (seen.outWidth - 1) * seen.strideWidth + seen.effectiveFilterWidth);
    if (rows === height && columns === width) return stock(call);
    const { kernelFunc: slice } = tf.getKernel(tf.Slice, 'wasm')!;
    const { backend } = call;
    const attrs = { begin: [0, 0, 0, 0], size: [batch, rows, columns, channels] };
    const cut = slice({ inputs: { x }, attrs, backend }) as tf.TensorInfo;
    try {
      return stock({ ...call, inputs: { ...call.inputs, x: cut } });
    } finally {
      (backend as tf.KernelBackend).disposeData(cut.dataId);
    }
  };
}

/** Products of the wasm backend with a transposed factor add the bias of the wrong column: factors are transposed before. */
function upright(stock: Kernel): Kernel {
  return (call) => {
    const { inputs, attrs, backend } = call;
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    if (inputs.bias === undefined || !(transposeA || transposeB)) return stock(call);
    const { kernelFunc: transpose } = tf.getKernel(tf.Transpose, 'wasm')!;
    const made: tf.TensorInfo[] = [];
    const turned = (factor: tf.TensorInfo, wanted: boolean): tf.TensorInfo => {
      if (!wanted) return factor;
      made.push(transpose({ inputs: { x: factor }, attrs: { perm: [0, 2, 1] }, backend }) as tf.TensorInfo);
      return made.at(-1)!;
    };
    try {
      const [a, b] = [turned(inputs.a!, transposeA), turned(inputs.b!, transposeB)];
      return stock({ ...call, inputs: { ...inputs, a, b }, attrs: { ...attrs, transposeA: false, transposeB: false } });
    } finally {
      for (const { dataId } of made) (backend as tf.KernelBackend).disposeData(dataId);
    }
  };
}

function refuseWrong(what: string, backend: string): never {
  return refuse(
    { fn: 'classifier', argument: 'model' },
    'UNSUPPORTED_MODEL',
    `made of layers that tfjs computes rightly on '${backend}'`,
    what,
    'Use another backend, or replace that part of the model.',
  );
}
