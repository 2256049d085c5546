import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { layers } from '@tensorflow/tfjs-layers';

/** How one unit of the residual network is built. */
interface Unit {
  /** Prefix of the layers' names. */
  readonly name: string;
  /** Number of filters of both convolutions. */
  readonly filters: number;
  /** Stride of the first convolution and of the shortcut. */
  readonly stride: number;
  /** Whether the shortcut starts after the first batch-norm and ReLU, or before. */
  readonly activateShortcut: boolean;
  readonly epsilon: number;
}

/** Batch normalisation, ReLU, convolution, twice, added to a shortcut without weights (He et al. 2016, arXiv 1603.05027). */
export function preActivationUnit(
  x: SymbolicTensor,
  { name, filters, stride, activateShortcut, epsilon }: Unit,
): SymbolicTensor {
  const activated = normalisedRelu(x, `${name}_1`, epsilon);
  const first = convolution(activated, `${name}_conv_1`, filters, stride);
  const second = convolution(normalisedRelu(first, `${name}_2`, epsilon), `${name}_conv_2`, filters, 1);
  const carried = shortcut(activateShortcut ? activated : x, name, filters, stride);
  return layers.add({ name: `${name}_add` }).apply([carried, second]) as SymbolicTensor;
}

/** Batch normalisation followed by ReLU. */
export function normalisedRelu(x: SymbolicTensor, name: string, epsilon: number): SymbolicTensor {
  const normalised = layers.batchNormalization({ momentum: 0.99, epsilon, name: `${name}_norm` }).apply(x);
  return layers.reLU({ name: `${name}_relu` }).apply(normalised) as SymbolicTensor;
}

/** 3x3 convolution with zero padding and no bias: the batch normalisation that follows has one. */
export function convolution(x: SymbolicTensor, name: string, filters: number, strides: number): SymbolicTensor {
  const kernelInitializer = 'heNormal';
  const layer = layers.conv2d({
    filters,
    kernelSize: 3,
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer,
    name,
  });
  return layer.apply(x) as SymbolicTensor;
}

/** Average-pooling over the stride, then new channels of zeros, half before and half after the old ones. */
function shortcut(x: SymbolicTensor, name: string, filters: number, stride: number): SymbolicTensor {
  const pool = layers.averagePooling2d({ poolSize: stride, strides: stride, padding: 'same', name: `${name}_pool` });
  const pooled = stride === 1 ? x : (pool.apply(x) as SymbolicTensor);
  const [, height, width, channels] = pooled.shape as [null, number, number, number];
  if (channels === filters) return pooled;
  // tfjs has no layer that pads channels, so they stand in as the columns of a picture with one row per pixel.
  const before = Math.floor((filters - channels) / 2);
  const columns = layers.zeroPadding2d({
    padding: [
      [0, 0],
      [before, filters - channels - before],
    ],
    name: `${name}_pad`,
  });
  const asColumns = layers.reshape({ targetShape: [height * width, channels, 1], name: `${name}_to_columns` });
  const asChannels = layers.reshape({ targetShape: [height, width, filters], name: `${name}_to_channels` });
  return asChannels.apply(columns.apply(asColumns.apply(pooled))) as SymbolicTensor;
}
