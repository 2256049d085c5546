import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isLayersModel } from '../../classifier/walkLayers';
import { refuse, show } from '../../core/check';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import { kinkExtremes } from '../bounds/kinkExtremes';

/** Refuses features that can be negative, or that are of other inputs. */
export function checkFeatures(fn: string, features: LayersModel, inputShape: readonly number[]): void {
  const where = { fn, argument: 'features' };
  if (!isLayersModel(features))
    refuse(where, 'INVALID_ARGUMENT', 'a LayersModel', show(features), 'Build it with tf.sequential or tf.model.');
  const net = toPiecewiseAffine(features);
  if (net.inputShape.join() !== inputShape.join())
    refuse(
      where,
      'INVALID_SHAPE',
      `a network of inputs [${inputShape.join(', ')}]`,
      `one of inputs [${net.inputShape.join(', ')}]`,
      'Build it for the inputs of the model.',
    );
  const last = net.nodes[net.output - 1];
  const positive =
    last?.kind === 'kink' &&
    Array.from({ length: last.size }, (_, i) => kinkExtremes(last, i, -Infinity, Infinity).least >= 0).every(Boolean);
  if (!positive)
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'a network that ends in a ReLU, so that no feature is negative',
      `one that ends in layer "${last?.layer ?? 'input'}"`,
      "Give its last layer activation: 'relu'.",
    );
}
