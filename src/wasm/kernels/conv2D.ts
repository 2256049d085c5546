import * as tf from '@tensorflow/tfjs-core';
import { suitsWinograd } from '../../core/winograd';
import { floats, type Kernel, type WasmBackend } from '../backend';
import { simd } from '../simd/simd';
import { type Geometry, geometry } from './geometry';
import { convolvePatches, suitsPatches } from './patches';
import { type Finish, PLAIN } from './product';
import { winograd, winogradWeights } from './winograd';

type Conv2D = Kernel<tf.Conv2DInputs, tf.Conv2DAttrs>;

/** What of a convolution is looked at to find its sizes. */
type Sizes = Pick<tf.Conv2DAttrs, 'strides' | 'dilations' | 'pad' | 'dataFormat' | 'dimRoundingMode'>;

/** Filters transformed for Winograd's algorithm by their data, which tfjs never changes in place: as they are, and turned. */
const transformed = { asIs: new WeakMap<object, Float32Array>(), turned: new WeakMap<object, Float32Array>() };

/**
 * Convolution: Winograd's algorithm for filters of 3 x 3 and 5 x 5 with stride 1 where it saves work and may be used, else a
 * matrix product. The gradient of the input is such a convolution too.
 */
export function conv2D(mayRound: boolean): (stock: Conv2D) => Conv2D {
  return (stock) => (call) => {
    const { inputs, attrs, backend } = call;
    const g = sizesOf(inputs.x!, inputs.filter!, attrs);
    return (g && convolve(backend, inputs.x!, inputs.filter!, g, PLAIN, mayRound)) ?? stock(call);
  };
}

/** The sizes of a convolution, if our kernels can compute it at all. */
export function sizesOf(x: tf.TensorInfo, filter: tf.TensorInfo, attrs: Sizes): Geometry | undefined {
  if (attrs.dataFormat === 'NCHW' || x.dtype !== 'float32' || x.shape.includes(0)) return undefined;
  const xShape = x.shape as [number, number, number, number];
  const filterShape = filter.shape as [number, number, number, number];
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return geometry(tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, dilations, pad, dimRoundingMode));
}

/**
 * A convolution, ended as told; `undefined` where the stock kernel is to do it. For the gradient of an input the filter is to
 * be `turned` by 180 degrees with its channels exchanged, and lies there as it is.
 */
export function convolve(
  backend: WasmBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  g: Geometry,
  finish: Finish,
  mayRound: boolean,
  turned = false,
): tf.TensorInfo | undefined {
  const vectors = simd(backend);
  if (vectors === null) return undefined;
  if (mayRound && suitsWinograd(g)) {
    const kept = turned ? transformed.turned : transformed.asIs;
    const weights = kept.get(filter.dataId) ?? transform(floats(backend, filter), g, turned);
    kept.set(filter.dataId, weights);
    return winograd(backend, vectors, x, weights, g, finish);
  }
  return suitsPatches(g) ? convolvePatches(backend, vectors, x, filter, g, finish, turned) : undefined;
}

function transform(filter: Float32Array, g: Geometry, turned: boolean): Float32Array {
  const { filterHeight, filterWidth, inChannels, outChannels } = g;
  const weights = turned ? turnFilter(filter, filterHeight * filterWidth, outChannels, inChannels) : filter;
  return winogradWeights(weights, filterHeight, inChannels, outChannels);
}

/** A filter `[taps, inputs, outputs]` turned by 180 degrees with its channels exchanged, `[taps, outputs, inputs]`. */
function turnFilter(filter: Float32Array, taps: number, inputs: number, outputs: number): Float32Array {
  const turned = new Float32Array(filter.length);
  const size = inputs * outputs;
  for (let tap = 0; tap < taps; tap++) {
    const source = tap * size;
    const target = (taps - 1 - tap) * size;
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) turned[target + o * inputs + i] = filter[source + i * outputs + o]!;
  }
  return turned;
}
