import type { Layer } from '../../classifier/walkLayers';
import { refuse } from '../../core/check';
import { readNow } from '../../core/readNow';

const where = { fn: 'toPiecewiseAffine', argument: 'model' };

/** The weights of a layer in float64, in the layer's order, all of them finite. */
export function readWeights(layer: Layer): Float64Array[] {
  return layer.weights.map((weight) => {
    const values = readNow(weight.read());
    if (values === undefined)
      return refuse(
        where,
        'MISSING_KERNEL',
        'a model on a backend that can be read synchronously',
        `weights of layer "${layer.name}" on webgpu`,
        'Save the model and load it again after `await tf.setBackend("cpu")` or "wasm".',
      );
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined)
      refuse(
        where,
        'NON_FINITE',
        'finite weights',
        `${bad} in "${weight.originalName}" of layer "${layer.name}"`,
        'Look at the training that produced the weights; a smaller learning rate usually mends it.',
      );
    return Float64Array.from(values);
  });
}
