import * as tf from '@tensorflow/tfjs-core';
import { avgPoolGrad } from './kernels/avgPoolGrad';
import { batchMatMul } from './kernels/batchMatMul';
import { cast } from './kernels/cast';
import { conv2D } from './kernels/conv2D';
import { conv2DBackpropFilter } from './kernels/conv2DBackpropFilter';
import { conv2DBackpropInput } from './kernels/conv2DBackpropInput';
import { depthwiseBackpropFilter } from './kernels/depthwiseBackpropFilter';
import { depthwiseBackpropInput } from './kernels/depthwiseBackpropInput';
import { fusedConv2D } from './kernels/fusedConv2D';
import { identity } from './kernels/identity';
import { maxPoolGrad } from './kernels/maxPoolGrad';
import { mean, sum } from './kernels/sumLeading';
import { tile } from './kernels/tile';
import { unsortedSegmentSum } from './kernels/unsortedSegmentSum';

/** Builds a kernel, given the stock kernel of the same name to fall back on. */
type Maker = (stock: tf.KernelFunc) => tf.KernelFunc;

/** tfjs types every kernel as one that takes any inputs and attributes; ours name the ones they get. */
const maker = (make: object): Maker => make as Maker;

/** Kernels that the backend has, but slowly. */
export const faster: ReadonlyMap<string, Maker> = new Map([
  [tf.AvgPoolGrad, maker(avgPoolGrad)],
  [tf.BatchMatMul, maker(batchMatMul)],
  [tf.Cast, maker(cast)],
  [tf.Conv2DBackpropInput, maker(conv2DBackpropInput)],
  [tf.Identity, maker(identity)],
  [tf.MaxPoolGrad, maker(maxPoolGrad)],
  [tf.Mean, maker(mean)],
  [tf.Sum, maker(sum)],
  [tf.Tile, maker(tile)],
]);

/** Kernels that the backend has, but slowly; ours round more. */
export const rounder: ReadonlyMap<string, Maker> = new Map([
  [tf.Conv2D, maker(conv2D)],
  [tf.FusedConv2D, maker(fusedConv2D)],
]);

/** Kernels that the backend lacks; one that a later version of it brings is left alone. */
export const missing: ReadonlyMap<string, () => tf.KernelFunc> = new Map([
  [tf.Conv2DBackpropFilter, maker(conv2DBackpropFilter)],
  [tf.DepthwiseConv2dNativeBackpropFilter, maker(depthwiseBackpropFilter)],
  [tf.DepthwiseConv2dNativeBackpropInput, maker(depthwiseBackpropInput)],
  [tf.UnsortedSegmentSum, maker(unsortedSegmentSum)],
] as [string, () => tf.KernelFunc][]);
