import * as tf from '@tensorflow/tfjs-core';
import { refuse, show, type Where } from '../core/check';
import { checkBatch } from '../core/checkTensor';
import { readNow } from '../core/readNow';
import { checkVector } from './checkVector';
import type { PiecewiseAffine } from './types';

/** Several inputs: a batch `[n, ...inputShape]`, or n flat lists of d numbers. */
export type Samples = tf.Tensor | readonly ArrayLike<number>[];

/** The inputs one by one in float64, all of them finite. */
export function readRows(where: Where, net: PiecewiseAffine, samples: Samples): Float64Array[] {
  const rows = samples instanceof tf.Tensor ? rowsOf(where, net, samples) : samples;
  if (!Array.isArray(rows))
    refuse(
      where,
      'INVALID_ARGUMENT',
      'a tensor or a list of inputs, each a flat list of numbers',
      show(samples),
      'Pass for example `[x]` for a single input.',
    );
  if (rows.length === 0) refuse(where, 'EMPTY_INPUT', 'at least one input', 'an empty list', 'Pass one input or more.');
  return rows.map((row) => checkVector(where, net, row));
}

function rowsOf(where: Where, net: PiecewiseAffine, samples: tf.Tensor): Float32Array[] {
  const { inputShape, inputSize } = net;
  checkBatch(where, samples, inputShape);
  const values = readNow(samples);
  if (values === undefined)
    refuse(
      where,
      'MISSING_KERNEL',
      'a tensor on a backend that can be read synchronously',
      'one on webgpu',
      'Read it with `await samples.array()`, make each input flat, and pass the list.',
    );
  return Array.from({ length: samples.shape[0]! }, (_, n) =>
    Float32Array.from(values.subarray(n * inputSize, (n + 1) * inputSize)),
  );
}
