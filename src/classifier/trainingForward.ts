import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import type { Rng } from '../core/rng';
import { type FoundLayer, isBatchNorm, type Layer, walkLayers } from './walkLayers';

/**
 * Runs `forward` with the layers of a model behaving as training needs them: frozen batch normalisation keeps its
 * stored statistics (tfjs would update them), and dropout masks come from `rng` when there is one, so that a seeded run
 * can be repeated and resumed.
 */
export function trainingForward<T>(model: LayersModel, rng: Rng | undefined, forward: () => T): T {
  const changed: Layer[] = [];
  try {
    for (const { layer, frozen } of walkLayers(model)) {
      const call = replacementCall({ layer, frozen }, rng);
      if (call === undefined) continue;
      layer.call = call;
      changed.push(layer);
    }
    return forward();
  } finally {
    for (const layer of changed) Reflect.deleteProperty(layer, 'call');
  }
}

/** Batch normalisation without center or scale crashes in tfjs in training mode: refused by name instead. */
export function checkTrainingMode(model: LayersModel): void {
  for (const { layer, frozen } of walkLayers(model)) {
    const { center, scale } = layer.getConfig();
    if (isBatchNorm(layer) && !frozen && !(center && scale))
      refuse(
        { fn: 'classifier', argument: 'model' },
        'UNSUPPORTED_MODEL',
        'a model whose batch normalisation has center and scale (tfjs cannot train the others)',
        `layer \`${layer.name}\` with center: ${center}, scale: ${scale}`,
        'Build that layer with center: true and scale: true, or freeze it with trainable = false.',
      );
  }
}

function replacementCall({ layer, frozen }: FoundLayer, rng: Rng | undefined): Layer['call'] | undefined {
  if (isBatchNorm(layer) && frozen) {
    const call = layer.call.bind(layer);
    return (inputs, kwargs) => call(inputs, { ...kwargs, training: false });
  }
  if (layer.getClassName() === 'Dropout' && rng !== undefined) return seededDropout(layer, rng);
  return undefined;
}

/** Inverted dropout: a unit is kept with probability 1 - rate and then divided by it. */
function seededDropout(layer: Layer, rng: Rng): Layer['call'] {
  const { rate, noiseShape } = layer.getConfig() as { rate: number; noiseShape?: (number | null)[] };
  return (inputs) => {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const shape = x.shape.map((size, axis) => noiseShape?.[axis] ?? size);
    const mask = new Float32Array(tf.util.sizeFromShape(shape)).map(() => (rng.uniform() < rate ? 0 : 1 / (1 - rate)));
    return tf.tidy(() => tf.mul(x, tf.tensor(mask, shape)));
  };
}
