import * as tf from '@tensorflow/tfjs-core';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

/** How tfjs describes a pooling. */
export interface PoolAttrs {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: 'same' | 'valid' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function run(kernelName: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attrs as tf.NamedAttrMap);
}

/** How windows lie over one axis: what surrounds it, and the number of values in each window. */
interface Windows {
  readonly before: number;
  readonly after: number;
  readonly counts: readonly number[];
}

function windows(length: number, out: number, size: number, stride: number, before: number): Windows {
  const counts = Array.from({ length: out }, (_, o) => {
    const start = o * stride - before;
    return Math.min(length, start + size) - Math.max(0, start);
  });
  return { before, after: Math.max(0, (out - 1) * stride + size - before - length), counts };
}

/**
 * Padding is not counted in an average, but tfjs divides by the size of the whole window in the gradient: so the gradient is
 * that of windows without padding on a larger image, scaled by size over count.
 */
function averagePool(
  kernelName: string,
  dy: tf.Tensor,
  x: tf.Tensor,
  axes: readonly Windows[],
  attrs: PoolAttrs,
): tf.Tensor {
  const { filterSize, strides } = attrs;
  if (axes.every(({ before, after }) => before === 0 && after === 0))
    return run(kernelName, { dy, input: x }, { ...attrs, pad: 'valid' });
  const sizes = axes.map((_, i) => (typeof filterSize === 'number' ? filterSize : filterSize[i]!));
  const scaled = axes.reduce<tf.Tensor>((scaling, { counts }, i) => {
    const shape = x.shape.map((__, axis) => (axis === i + 1 ? counts.length : 1));
    return tf.mul(
      scaling,
      tf.tensor(
        counts.map((count) => sizes[i]! / count),
        shape,
      ),
    );
  }, dy);
  const larger = x.shape.map((length, axis) => length + (axes[axis - 1]?.before ?? 0) + (axes[axis - 1]?.after ?? 0));
  const spread = run(kernelName, { dy: scaled, input: tf.zeros(larger) }, { filterSize, strides, pad: 'valid' });
  return tf.slice(
    spread,
    x.shape.map((_, axis) => axes[axis - 1]?.before ?? 0),
    x.shape,
  );
}

export function averagePool2D(dy: tf.Tensor, x: tf.Tensor, attrs: PoolAttrs): tf.Tensor {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool2DInfo(
    x.shape as Shape4,
    filterSize as 1,
    strides as 1,
    1,
    pad,
    dimRoundingMode,
  );
  const { top, left } = info.padInfo;
  const axes = [
    windows(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, top),
    windows(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, left),
  ];
  return averagePool(tf.AvgPoolGrad, dy, x, axes, attrs);
}

export function averagePool3D(dy: tf.Tensor, x: tf.Tensor, attrs: PoolAttrs): tf.Tensor {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = tf.backend_util.computePool3DInfo(
    x.shape as Shape5,
    filterSize as 1,
    strides as 1,
    1,
    pad,
    dimRoundingMode,
  );
  const { front, top, left } = info.padInfo;
  const axes = [
    windows(info.inDepth, info.outDepth, info.filterDepth, info.strideDepth, front),
    windows(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, top),
    windows(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, left),
  ];
  return averagePool(tf.AvgPool3DGrad, dy, x, axes, attrs);
}

/** Kernels of the gradient of max pooling that were tried, and whether they are blind to windows without positive values. */
const blind = new WeakMap<tf.KernelFunc, boolean>();

/**
 * The kernel of the wasm backend begins its search for the largest value at the smallest positive one, so it finds nothing in a
 * window without positive values. Such windows are searched in `-1 / x` instead, in which the order is the same.
 */
export function maxPool(
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: tf.NamedAttrMap,
  stock: tf.GradFunc,
): Record<string, () => tf.Tensor> {
  const kernel = tf.getBackend() === 'wasm' ? tf.getKernel(tf.MaxPoolGrad, 'wasm')?.kernelFunc : undefined;
  if (kernel === undefined) return stock(dy, saved, attrs);
  if (!blind.has(kernel)) blind.set(kernel, isBlind());
  if (!blind.get(kernel)) return stock(dy, saved, attrs);
  const [x, y] = saved as [tf.Tensor, tf.Tensor];
  const byX = (upwards: tf.Tensor, of: tf.Tensor) => stock(upwards, [of, y], attrs).x!();
  return {
    x: () => {
      const none = tf.zerosLike(dy);
      const positive = tf.greater(y, 0);
      const turned = tf.where(tf.less(x, 0), tf.div(-1, x), tf.fill(x.shape, 3e38));
      return tf.add(byX(tf.where(positive, dy, none), x), byX(tf.where(positive, none, dy), turned));
    },
  };
}

function isBlind(): boolean {
  const [, second] = tf.tidy(() => {
    const [x, y, dy] = [tf.tensor4d([-2, -1], [1, 1, 2, 1]), tf.fill([1, 1, 1, 1], -1), tf.ones([1, 1, 1, 1])];
    const attrs = { filterSize: [1, 2], strides: 1, pad: 'valid' };
    return tf.engine().readSync(run(tf.MaxPoolGrad, { dy, input: x, output: y }, attrs).dataId) as Float32Array;
  });
  return second !== 1;
}

/**
 * Resizing is linear in rows and in columns, `y = R x C`; the two matrices are what it makes of unit vectors, so they round as the
 * backend does. (tfjs's own: nearest neighbours on cpu are wrong for batches, bilinear ones for images that are not square.)
 */
export function resizedGradient(kernelName: string, dy: tf.Tensor, shape: readonly number[], attrs: object): tf.Tensor {
  const [batch, height, width, channels] = shape as Shape4;
  const [, tall, wide] = dy.shape as Shape4;
  const matrix = (from: number, to: number) => {
    const units = tf.reshape(tf.eye(from), [1, from, 1, from]);
    return tf.reshape(run(kernelName, { images: units }, { ...attrs, size: [to, 1] }), [to, from]) as tf.Tensor2D;
  };
  const turned = tf.reshape(tf.transpose(dy, [1, 0, 2, 3]), [tall, batch * wide * channels]);
  const rows = tf.reshape(tf.matMul(matrix(height, tall), turned as tf.Tensor2D, true), [
    height,
    batch,
    wide,
    channels,
  ]);
  const again = tf.reshape(tf.transpose(rows, [2, 1, 0, 3]), [wide, batch * height * channels]);
  const both = tf.matMul(matrix(width, wide), again as tf.Tensor2D, true);
  return tf.transpose(tf.reshape(both, [width, batch, height, channels]), [1, 2, 0, 3]);
}
