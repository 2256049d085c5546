import * as tf from '@tensorflow/tfjs-core';
import { type BatchNormAttrs, batchNorm } from './batchNormGradient';
import { averagePool2D, averagePool3D, maxPool, type PoolAttrs, resizedGradient } from './windowGradients';

type Pair = [number, number];
type Shape4 = [number, number, number, number];
type Gradients = Record<string, () => tf.Tensor>;
/** From the gradient by the output and what was saved to those by the inputs. */
type GradientOf<A> = (dy: tf.Tensor, saved: tf.Tensor[], attrs: A, stock: tf.GradFunc) => Gradients;

/** A gradient in place of that of tfjs, which it may fall back on. */
export type Correction = (stock: tf.GradFunc) => tf.GradConfig;

interface ConvolutionAttrs {
  readonly strides: number | number[];
  readonly pad: 'same' | 'valid' | number | Pair[];
  readonly dilations?: number | Pair | null;
}

/** tfjs types attributes as a map of anything; ours name the ones they get. */
const correct =
  <A extends object>(kernelName: string, inputsToSave: string[], of: GradientOf<A>): Correction =>
  (stock) => ({
    kernelName,
    inputsToSave,
    gradFunc: (dy, saved, attrs) => of(dy as tf.Tensor, saved, attrs as A, stock),
  });

/** A step: its gradient is zero almost everywhere. */
const flat = (kernelName: string, inputs: string[]): Correction =>
  correct(kernelName, inputs, (_, saved) =>
    Object.fromEntries(inputs.map((name, i) => [name, () => tf.zeros(saved[i]!.shape)])),
  );

/**
 * Gradients that tfjs 4.22 has wrong or not at all. Each is checked against finite differences on every backend, see the
 * table of layers in the guide to backends.
 */
export const CORRECTIONS: ReadonlyMap<string, Correction> = new Map<string, Correction>([
  // tfjs has no gradient for most comparisons, and for FloorDiv that of the quotient.
  ...[tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual, tf.Equal, tf.NotEqual, tf.FloorDiv].map(
    (name): [string, Correction] => [name, flat(name, ['a', 'b'])],
  ),
  ...[tf.LogicalAnd, tf.LogicalOr].map((name): [string, Correction] => [name, flat(name, ['a', 'b'])]),
  ...[tf.LogicalNot, tf.Any, tf.All].map((name): [string, Correction] => [name, flat(name, ['x'])]),
  [
    tf.Cast,
    // tfjs hands the gradient through a rounding to whole numbers as if there were none.
    correct(tf.Cast, ['x'], (dy, [x], { dtype }: { readonly dtype: tf.DataType }) => ({
      x: () => (x!.dtype === 'float32' && dtype === 'float32' ? tf.clone(dy) : tf.zeros(x!.shape)),
    })),
  ],
  [
    tf.GatherV2,
    // tfjs gives the indices themselves as the gradient by the indices.
    correct(tf.GatherV2, ['x', 'indices'], (dy, saved, attrs: tf.NamedAttrMap, stock) => ({
      // With dimensions of a batch that of tfjs needs chained operations, which need not be there.
      x: () => (attrs.batchDims ? missing(tf.GatherV2) : stock(dy, saved, attrs).x!()),
      indices: () => tf.zeros(saved[1]!.shape),
    })),
  ],
  [tf.Prod, correct(tf.Prod, ['x'], () => ({ x: () => missing(tf.Prod) }))],
  [
    tf.Cumsum,
    // That of tfjs is turned the wrong way for all axes but the last.
    correct(tf.Cumsum, ['x'], (dy, _, attrs: { readonly reverse: boolean }) => ({
      x: () => run(tf.Cumsum, { x: dy }, { ...attrs, reverse: !attrs.reverse }),
    })),
  ],
  // That of MirrorPad leaves out what is mirrored; the others have none.
  ...[tf.MirrorPad, tf.StridedSlice, tf.DepthToSpace].map((name): [string, Correction] => [name, moved(name, 'x')]),
  [tf.FlipLeftRight, moved(tf.FlipLeftRight, 'image')],
  [tf.Conv2D, correct(tf.Conv2D, ['x', 'filter'], convolution(tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter))],
  [
    tf.DepthwiseConv2dNative,
    correct(
      tf.DepthwiseConv2dNative,
      ['x', 'filter'],
      convolution(tf.DepthwiseConv2dNativeBackpropInput, tf.DepthwiseConv2dNativeBackpropFilter),
    ),
  ],
  [
    tf.Conv3D,
    // The kernels of the wasm backend are wrong.
    correct(tf.Conv3D, ['x', 'filter'], (dy, saved, attrs: ConvolutionAttrs & tf.NamedAttrMap, stock) =>
      tf.getBackend() === 'wasm' ? convolution3D(dy, saved, attrs) : stock(dy, saved, attrs),
    ),
  ],
  [tf.Conv3DBackpropInputV2, correct(tf.Conv3DBackpropInputV2, ['dy', 'filter'], transposed3D)],
  [
    tf.FusedBatchNorm,
    // That of tfjs sums over all axes but the last, whatever axis the statistics belong to.
    correct(
      tf.FusedBatchNorm,
      ['x', 'mean', 'variance', 'scale', 'offset'],
      (dy, saved, attrs: BatchNormAttrs, stock) =>
        saved[1]!.rank === 1 ? stock(dy, saved, attrs) : batchNorm(dy, saved, attrs),
    ),
  ],
  [tf.AvgPool, correct(tf.AvgPool, ['x'], (dy, [x], attrs: PoolAttrs) => ({ x: () => averagePool2D(dy, x!, attrs) }))],
  [
    tf.AvgPool3D,
    correct(tf.AvgPool3D, ['x'], (dy, [x], attrs: PoolAttrs) => ({ x: () => averagePool3D(dy, x!, attrs) })),
  ],
  [tf.MaxPool, (stock) => ({ ...correct(tf.MaxPool, ['x'], maxPool)(stock), outputsToSave: [true] })],
  ...[tf.ResizeNearestNeighbor, tf.ResizeBilinear].map((name): [string, Correction] => [
    name,
    correct(name, ['images'], (dy, [images], attrs: object) => ({
      images: () => resizedGradient(name, dy, images!.shape, attrs),
    })),
  ]),
]);

/**
 * Of a fused convolution without an activation, whose gradient tfjs does not look up but carries with it: it refuses dilations,
 * and computes the gradient by the filter even where nobody asks for it.
 */
export function fusedConvolution(kernelName: string, dy: tf.Tensor, saved: tf.Tensor[], attrs: object): Gradients {
  const [filter, x, y, bias] = saved;
  const depthwise = kernelName === tf.FusedDepthwiseConv2D;
  const of = depthwise
    ? convolution(tf.DepthwiseConv2dNativeBackpropInput, tf.DepthwiseConv2dNativeBackpropFilter)
    : convolution(tf.Conv2DBackpropInput, tf.Conv2DBackpropFilter);
  const whole = tf.reshape(dy, y!.shape);
  const gradients = of(whole, [x!, filter!], attrs as ConvolutionAttrs);
  const byBias = () => tf.reshape(tf.sum(tf.reshape(whole, [-1, bias!.size]), 0), bias!.shape);
  return { 0: gradients.x!, 1: gradients.filter!, ...(bias && { 2: byBias }) };
}

function run(kernelName: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attrs as tf.NamedAttrMap);
}

/** Throws as tfjs does for operations without a gradient. */
function missing(kernelName: string): never {
  throw new Error(`Cannot compute gradient: gradient function not found for ${kernelName}.`);
}

/** Of an operation whose outputs are each one of its inputs: numbered inputs tell which. */
function moved(kernelName: string, input: string): Correction {
  return correct(kernelName, [input], (dy, [x], attrs: object) => ({
    [input]: () => {
      const { shape, size } = x!;
      // float32 numbers no more exactly.
      if (size > 2 ** 24) return missing(kernelName);
      const from = run(kernelName, { [input]: tf.reshape(tf.range(0, size), shape) }, attrs);
      const indices = tf.cast(tf.reshape(from, [-1, 1]), 'int32');
      return tf.reshape(tf.scatterND(indices, tf.reshape(dy, [-1]), [size]), shape);
    },
  }));
}

/** A dilated convolution is the plain one with a filter that has zeros in its gaps. */
function convolution(
  byInput: string,
  byFilter: string,
): (dy: tf.Tensor, saved: tf.Tensor[], attrs: ConvolutionAttrs) => Gradients {
  return (dy, saved, attrs) => {
    const [x, filter] = saved as [tf.Tensor, tf.Tensor4D];
    const gaps = gapsOf(attrs.dilations);
    const wide = { ...attrs, dilations: [1, 1], filterShape: spreadOut(filter.shape, gaps) };
    return {
      x: () => byImage(byInput, dy, x.shape, filter, attrs),
      filter: () => undilate(run(byFilter, { x, dy }, wide), filter.shape, gaps),
    };
  };
}

/** The gradient of a convolution by the image alone. */
export function inputGradient(
  depthwise: boolean,
  dy: tf.Tensor,
  shape: readonly number[],
  filter: tf.Tensor4D,
  attrs: ConvolutionAttrs,
): tf.Tensor {
  const kernelName = depthwise ? tf.DepthwiseConv2dNativeBackpropInput : tf.Conv2DBackpropInput;
  return byImage(kernelName, dy, shape, filter, attrs);
}

function byImage(
  kernelName: string,
  dy: tf.Tensor,
  inputShape: readonly number[],
  filter: tf.Tensor4D,
  { dilations, ...attrs }: ConvolutionAttrs,
): tf.Tensor {
  const inputs = { dy, filter: dilate(filter, gapsOf(dilations)) };
  return run(kernelName, inputs, { ...attrs, dilations: [1, 1], inputShape });
}

function gapsOf(dilations: ConvolutionAttrs['dilations']): Pair {
  return Array.isArray(dilations) ? dilations : [dilations ?? 1, dilations ?? 1];
}

function spreadOut([height, width, ...channels]: Shape4, [down, across]: Pair): Shape4 {
  return [(height - 1) * down + 1, (width - 1) * across + 1, ...channels];
}

/** A filter with `dilation - 1` zeros between neighbours. */
function dilate(filter: tf.Tensor4D, [down, across]: Pair): tf.Tensor4D {
  if (down === 1 && across === 1) return filter;
  const [height, width, ...channels] = filter.shape;
  const [tall, wide] = spreadOut(filter.shape, [down, across]);
  const depth = channels[0] * channels[1];
  const rows = tf.pad(tf.reshape(filter, [height, 1, width * depth]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
  ]);
  const cut = tf.slice(tf.reshape(rows, [height * down, width * depth]), 0, tall);
  const columns = tf.pad(tf.reshape(cut, [tall * width, 1, depth]), [
    [0, 0],
    [0, across - 1],
    [0, 0],
  ]);
  return tf.reshape(tf.slice(tf.reshape(columns, [tall, width * across, depth]), [0, 0, 0], [-1, wide, -1]), [
    tall,
    wide,
    ...channels,
  ]);
}

/** The entries of a dilated filter that are none of its zeros. */
function undilate(dilated: tf.Tensor, shape: Shape4, [down, across]: Pair): tf.Tensor {
  if (down === 1 && across === 1) return dilated;
  const [height, width, ...channels] = shape;
  const [tall, wide] = spreadOut(shape, [down, across]);
  const depth = channels[0] * channels[1];
  const columns = tf.pad(tf.reshape(dilated, [tall, wide, depth]), [
    [0, 0],
    [0, across - 1],
    [0, 0],
  ]);
  const narrow = tf.slice(tf.reshape(columns, [tall * width, across, depth]), [0, 0, 0], [-1, 1, -1]);
  const rows = tf.pad(tf.reshape(narrow, [tall, width * depth]), [
    [0, down - 1],
    [0, 0],
  ]);
  return tf.reshape(tf.slice(tf.reshape(rows, [height, down, width * depth]), [0, 0, 0], [-1, 1, -1]), shape);
}

/** Depth by depth: `y_o` is the sum over taps k of the plain convolution of the slice `x_{s o - front + k}` with `filter_k`. */
function convolution3D(dy: tf.Tensor, saved: tf.Tensor[], { strides, pad }: ConvolutionAttrs): Gradients {
  const [x, filter] = saved as [tf.Tensor5D, tf.Tensor5D];
  const info = tf.backend_util.computeConv3DInfo(x.shape, filter.shape, strides as 1, 1, pad as 'same');
  const { front, top, bottom, left, right } = info.padInfo;
  const attrs = {
    strides: [info.strideHeight, info.strideWidth],
    pad: [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    dilations: [1, 1],
    dataFormat: 'NHWC',
  };
  const at = (volume: tf.Tensor, depth: number) => tf.squeeze(tf.slice(volume, [0, depth], [-1, 1]), [1]);
  const taps = Array.from({ length: info.filterDepth }, (_, k) => k);
  const pairs = Array.from({ length: info.outDepth }, (_, o) =>
    taps.map((k) => ({ o, k, i: o * info.strideDepth - front + k })),
  ).flat();
  const filterOf = (k: number) => tf.squeeze(tf.slice(filter, k, 1), [0]);
  const sumOf = (terms: tf.Tensor[], shape: number[]) => (terms.length === 0 ? tf.zeros(shape) : tf.addN(terms));
  const [batch, depth, ...rest] = x.shape;
  const inputShape = [batch, ...rest];
  const filterShape = filter.shape.slice(1);
  return {
    x: () =>
      tf.stack(
        Array.from({ length: depth }, (_, i) => {
          const reading = pairs.filter((pair) => pair.i === i);
          const terms = reading.map(({ o, k }) =>
            run(tf.Conv2DBackpropInput, { dy: at(dy, o), filter: filterOf(k) }, { ...attrs, inputShape }),
          );
          return sumOf(terms, inputShape);
        }),
        1,
      ),
    filter: () =>
      tf.stack(
        taps.map((tap) => {
          const inside = pairs.filter(({ k, i }) => k === tap && i >= 0 && i < depth);
          const terms = inside.map(({ o, i }) =>
            run(tf.Conv2DBackpropFilter, { x: at(x, i), dy: at(dy, o) }, { ...attrs, filterShape }),
          );
          return sumOf(terms, filterShape);
        }),
      ),
  };
}

/** The transpose of a convolution has that convolution for its gradient. */
function transposed3D(dz: tf.Tensor, [dy, filter]: tf.Tensor[], { strides, pad }: ConvolutionAttrs): Gradients {
  return {
    dy: () => tf.conv3d(dz as tf.Tensor5D, filter as tf.Tensor5D, strides as 1, pad as 'same'),
    filter: () => run(tf.Conv3DBackpropFilterV2, { x: dz, dy: dy! }, { strides, pad, filterShape: filter!.shape }),
  };
}
