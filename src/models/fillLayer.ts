import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse, type Where } from '../core/check';
import type { CheckpointVariable } from './loadPaperCheckpoint';

/** What TensorFlow calls the weights that tfjs-layers keeps in this order. */
const NAMES = {
  BatchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  other: ['weights', 'biases'],
} as const;

/** Sets the weights of a layer to the variables of one scope, each of them checked for its shape. */
export function fillLayer(
  where: Where,
  layer: LayersModel['layers'][number],
  scope: string,
  variables: ReadonlyMap<string, CheckpointVariable>,
): void {
  const names = layer.getClassName() === 'BatchNormalization' ? NAMES.BatchNormalization : NAMES.other;
  tf.tidy(() => {
    const weights = layer.getWeights().map(({ shape, size }, i) => {
      const name = `${scope}/${names[i]}`;
      const variable = variables.get(name);
      if (variable === undefined || variable.shape.join() !== shape.join() || variable.data.length !== size)
        refuse(
          where,
          'INVALID_CHECKPOINT',
          `a checkpoint whose variable "${name}" has shape [${shape.join(', ')}]`,
          variable === undefined
            ? 'one without it'
            : `${variable.data.length} numbers of shape [${variable.shape.join(', ')}]`,
          'Check that both files belong to one checkpoint of the paper, and `inputShape`.',
        );
      return tf.tensor(Float32Array.from(variable.data), shape);
    });
    layer.setWeights(weights);
  });
}
