import * as tf from '@tensorflow/tfjs-core';
import type { GradientsResult } from '../training/types';
import type { GradientsShard, GradientsTask } from './messages';

/** Puts the shards of a batch together: losses are averaged by share, gradients added up. */
export function sumShards(
  shards: readonly GradientsShard[],
  tasks: readonly GradientsTask[],
  variables: readonly tf.Variable[],
): GradientsResult {
  const total = (of: (shard: GradientsShard, share: GradientsTask['share']) => number) =>
    tf.scalar(shards.reduce((sum, shard, i) => sum + of(shard, tasks[i]!.share), 0));
  const grads: tf.NamedTensorMap = {};
  for (const [i, { name, shape }] of variables.entries()) grads[name] = tf.tensor(sumOf(shards, i), shape);
  return {
    loss: total(({ loss }) => loss),
    inLoss: total(({ inLoss }, { clean }) => inLoss * clean),
    outLoss: total(({ outLoss }, { noise }) => outLoss * noise),
    outConfidence: total(({ outConfidence }, { noise }) => outConfidence * noise),
    grads,
  };
}

/** The gradient of one variable, summed into the memory of the first shard. */
function sumOf([first, ...others]: readonly GradientsShard[], variable: number): Float32Array {
  const sum = first!.grads[variable]!.values as Float32Array;
  for (const { grads } of others) {
    const { values } = grads[variable]!;
    for (let j = 0; j < sum.length; j++) sum[j]! += values[j]!;
  }
  return sum;
}
