import * as tf from '@tensorflow/tfjs-core';
import { RbfFeatures } from './rbfFeatures';

/**
 * Makes the layer of {@link rbfModel} known to tfjs, so that `tf.loadLayersModel` can load a model that was saved. Making
 * a model does this already; calling it twice does no harm.
 *
 * @example
 * ```ts
 * import { registerRbfLayer } from 'relu-overconfidence/theory';
 *
 * registerRbfLayer();
 * ```
 */
export function registerRbfLayer(): void {
  tf.serialization.registerClass(RbfFeatures);
}
