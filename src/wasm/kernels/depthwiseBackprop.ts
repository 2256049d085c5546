import * as tf from '@tensorflow/tfjs-core';
import { floats, type Kernel, type WasmBackend } from '../backend';
import { MOST_TAPS } from '../simd/depthwiseSource';
import { type Simd, simd } from '../simd/simd';
import { type Geometry, geometry, visitTaps } from './geometry';
import { FLOAT, finishFloats, PLAIN, writeFinish } from './product';
import { withScratch } from './withScratch';

type BackpropInput = Kernel<tf.DepthwiseConv2dNativeBackpropInputInputs, tf.DepthwiseConv2dNativeBackpropInputAttrs>;

/**
 * Gradient of a depthwise convolution with respect to its input, a sum over taps: by vector code for one filter per channel
 * and a multiple of four channels.
 */
export function depthwiseBackpropInput(): BackpropInput {
  return ({ inputs, attrs, backend }) => {
    const dy = inputs.dy!;
    const filter = inputs.filter!;
    const { strides, dilations, pad, dimRoundingMode, inputShape } = attrs;
    const shape = filter.shape as [number, number, number, number];
    const info = tf.backend_util.computeConv2DInfo(inputShape, shape, strides, dilations, pad, dimRoundingMode, true);
    const g = geometry(info);
    const vectors = g.outChannels === g.inChannels && g.inChannels % 4 === 0 ? simd(backend) : null;
    return vectors === null ? sumOverTaps(backend, dy, filter, g) : sumInRuns(backend, vectors, dy, filter, g);
  };
}

function sumOverTaps(backend: WasmBackend, dy: tf.TensorInfo, filter: tf.TensorInfo, g: Geometry): tf.TensorInfo {
  const multiplier = g.outChannels / g.inChannels;
  const out = backend.makeOutput([g.batch, g.inHeight, g.inWidth, g.inChannels], 'float32');
  const dx = floats(backend, out).fill(0);
  const w = floats(backend, filter);
  const from = floats(backend, dy);
  visitTaps(g, (output, input, tap) => {
    for (let c = 0, o = 0; c < g.inChannels; c++) {
      let sum = dx[input + c]!;
      for (let m = 0; m < multiplier; m++, o++) sum += w[tap + o]! * from[output + o]!;
      dx[input + c] = sum;
    }
  });
  return out;
}

/** Row by row of the result, in runs of pixels that sum over the same taps. */
function sumInRuns(
  backend: WasmBackend,
  vectors: Simd,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  g: Geometry,
): tf.TensorInfo {
  const channels = g.inChannels;
  const pixel = channels * FLOAT;
  const width = channels % 8 === 0 ? 8 : 4;
  const pairs = runPairs(g);
  const taps = pairs.reduce((sum, pair) => sum + pair.taps.length, 0);
  const out = backend.makeOutput([g.batch, g.inHeight, g.inWidth, channels], 'float32');
  const sizes = {
    weights: taps * pixel,
    finish: finishFloats(channels) * FLOAT,
    addresses: MOST_TAPS * FLOAT,
  };
  withScratch(backend, sizes, (at) => {
    const source = floats(backend, dy).byteOffset;
    const target = floats(backend, out).byteOffset;
    const heap = new Float32Array(floats(backend, dy).buffer);
    const addresses = new Int32Array(heap.buffer, at.addresses, MOST_TAPS);
    const zeros = at.finish + 8 * FLOAT;
    writeFinish(backend, heap, at.finish, PLAIN);
    let weights = at.weights;
    for (const { row, column, taps } of pairs) {
      for (let first = 0; first === 0 || first < taps.length; first += MOST_TAPS) {
        const part = taps.slice(first, first + MOST_TAPS);
        const places = part.map(({ ky, kx }) => ky * g.filterWidth + kx);
        packTaps(floats(backend, filter), heap, weights, places, channels, width);
        for (let image = 0; image < g.batch; image++)
          for (let line = 0; line < row.count; line++) {
            const y = image * g.inHeight + row.start + line * g.strideHeight;
            const to = target + (y * g.inWidth + column.start) * pixel;
            part.forEach((tap, i) => {
              addresses[i] = source + ((image * g.outHeight + tap.y + line) * g.outWidth + tap.x) * pixel;
            });
            // The first taps are added to nothing, the others to what is there already.
            const [start, startStep] = first === 0 ? [zeros, 0] : [to, g.strideWidth * pixel];
            const run = vectors.depthwise[width][part.length]!;
            const step = g.strideWidth * pixel;
            run(to, step, start, startStep, column.count, pixel, pixel, weights, at.finish, at.addresses);
          }
        weights += part.length * pixel;
      }
    }
  });
  return out;
}

/** Rows and columns of the result that sum over the same taps, each tap with the first pixel that it meets. */
interface RunPair {
  readonly row: TapRun;
  readonly column: TapRun;
  readonly taps: readonly { readonly ky: number; readonly kx: number; readonly y: number; readonly x: number }[];
}

function runPairs(g: Geometry): RunPair[] {
  const rows = tapRuns({
    input: g.inHeight,
    output: g.outHeight,
    filter: g.filterHeight,
    stride: g.strideHeight,
    dilation: g.dilationHeight,
    before: g.top,
  });
  const columns = tapRuns({
    input: g.inWidth,
    output: g.outWidth,
    filter: g.filterWidth,
    stride: g.strideWidth,
    dilation: g.dilationWidth,
    before: g.left,
  });
  return rows.flatMap((row) =>
    columns.map((column) => ({
      row,
      column,
      taps: row.taps.flatMap((y) => column.taps.map((x) => ({ ky: y.tap, kx: x.tap, y: y.from, x: x.from }))),
    })),
  );
}

/** Writes the weights of some taps, `width` channels of each at a time. */
function packTaps(
  w: Float32Array,
  heap: Float32Array,
  address: number,
  taps: readonly number[],
  channels: number,
  width: number,
): void {
  let to = address / FLOAT;
  for (let channel = 0; channel < channels; channel += width)
    for (const tap of taps) for (let lane = 0; lane < width; lane++) heap[to++] = w[tap * channels + channel + lane]!;
}

/** Pixels of one axis of an image's gradient, `stride` apart, that sum over the same taps of the filter. */
interface TapRun {
  /** The first pixel. */
  readonly start: number;
  readonly count: number;
  /** The taps, and the pixel of the output's gradient that each of them meets for the first pixel; it moves on one by one. */
  readonly taps: readonly Tap[];
}

interface Tap {
  readonly tap: number;
  readonly from: number;
}

/** Sizes of one axis of a convolution. */
interface AxisSizes {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the image. */
  readonly before: number;
}

/** Which pixels of the output's gradient each pixel of a convolution's input sums over, in runs. */
function tapRuns(sizes: AxisSizes): TapRun[] {
  const { input, stride } = sizes;
  const names = (taps: readonly Tap[]) => taps.map(({ tap }) => tap).join();
  const runs: TapRun[] = [];
  for (let first = 0; first < Math.min(stride, input); first++) {
    for (let start = first, pixel = first; start < input; start = pixel) {
      const taps = tapsOf(sizes, start);
      while (pixel < input && names(tapsOf(sizes, pixel)) === names(taps)) pixel += stride;
      runs.push({ start, count: (pixel - start) / stride, taps });
    }
  }
  return runs;
}

function tapsOf({ output, filter, stride, dilation, before }: AxisSizes, pixel: number): Tap[] {
  return Array.from({ length: filter }, (_, tap) => ({ tap, from: (pixel + before - tap * dilation) / stride })).filter(
    ({ from }) => Number.isInteger(from) && from >= 0 && from < output,
  );
}

type BackpropFilter = Kernel<tf.DepthwiseConv2dNativeBackpropFilterInputs, tf.DepthwiseConv2dNativeBackpropFilterAttrs>;

/** Gradient of a depthwise convolution with respect to its filter `[height, width, channels, multiplier]`. */
export function depthwiseBackpropFilter(): BackpropFilter {
  return ({ inputs, attrs, backend }) => {
    const shape = inputs.x!.shape as [number, number, number, number];
    const { strides, dilations, pad, dimRoundingMode, filterShape } = attrs;
    const info = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, dilations, pad, dimRoundingMode, true);
    const g = geometry(info);
    const multiplier = g.outChannels / g.inChannels;
    const out = backend.makeOutput(info.filterShape, 'float32');
    const dw = floats(backend, out).fill(0);
    const x = floats(backend, inputs.x!);
    const dy = floats(backend, inputs.dy!);
    visitTaps(g, (output, input, tap) => {
      if (multiplier === 1) {
        for (let c = 0; c < g.inChannels; c++) dw[tap + c] = dw[tap + c]! + x[input + c]! * dy[output + c]!;
        return;
      }
      for (let c = 0, o = 0; c < g.inChannels; c++) {
        const value = x[input + c]!;
        for (let m = 0; m < multiplier; m++, o++) dw[tap + o] = dw[tap + o]! + value * dy[output + o]!;
      }
    });
    return out;
  };
}
