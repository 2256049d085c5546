import * as tf from '@tensorflow/tfjs-core';
import { isClassifier } from '../../classifier/classifier';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier, ModelLike } from '../../classifier/types';
import { isLayersModel } from '../../classifier/walkLayers';
import { checkPositive, refuse } from '../../core/check';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import { assumedGrowth, type LogitGrowth, logitGrowth } from './logitGrowth';

/** What is known of how fast the logits of a model grow. */
export interface GrowthOptions {
  /**
   * A Lipschitz constant of every difference of two logits, for Euclidean distances. What the model rounds on the way must be
   * in it; that its logits are rounded to float32 in the end is counted besides, by their size. @defaultValue computed from
   * the layers; only a LayersModel that `toPiecewiseAffine` can read, or a Classifier of one, shows them
   */
  readonly lipschitz?: number;
}

/** The growth that the caller states, or else the one that the layers have. */
export async function growthOf(
  fn: string,
  model: ModelLike,
  net: Classifier,
  centre: Float64Array,
  { lipschitz }: GrowthOptions,
): Promise<LogitGrowth> {
  if (lipschitz !== undefined) {
    checkPositive({ fn, argument: 'lipschitz' }, lipschitz);
    const x = tf.tensor(Float32Array.from(centre), [1, ...net.inputShape]);
    const { values } = await readLogits(fn, net, x, {}).finally(() => x.dispose());
    return assumedGrowth(net.classes, lipschitz, Float64Array.from(values));
  }
  const layersModel = isLayersModel(model) ? model : isClassifier(model) ? model.layersModel : undefined;
  if (layersModel !== undefined) return logitGrowth(toPiecewiseAffine(layersModel), centre);
  return refuse(
    { fn, argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a LayersModel, whose layers say how fast its logits can grow',
    'a model that does not show its layers',
    'Pass the LayersModel itself, or state `lipschitz`.',
  );
}
