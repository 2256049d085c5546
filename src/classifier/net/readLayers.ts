import type { LayersModel } from '@tensorflow/tfjs-layers';
import { walkGraph } from '../walkGraph';
import { builder, type Result, reading, unreadable } from './build';
import { LAYER_OPERATIONS } from './layerOperations';
import type { NetworkReading } from './types';

/** Reads what a LayersModel with one input and one output computes in inference mode, nested models opened up. */
export function readLayers(model: LayersModel, inputShape: readonly number[]): NetworkReading {
  return reading(() => {
    const network = builder(model.inputs[0]!.name, inputShape);
    const [output] = walkGraph<Result>(model, [network.input], ({ layer, inputs }) => {
      const [className, config] = [layer.getClassName(), layer.getConfig()];
      const refuse = (why = ''): never =>
        unreadable(`layer "${layer.name}" (${className})${why === '' ? '' : `: ${why}`}`);
      // A layer that was given a function of its own computes something else than its class says.
      const read = Object.hasOwn(layer, 'call') ? undefined : LAYER_OPERATIONS[className];
      if (read === undefined) return refuse();
      return read({
        layer,
        config,
        inputs,
        input: inputs[0]!,
        add: (kind, from, shape) => network.add(layer.name, kind, from, shape),
        refuse,
      });
    });
    return network.finish(output!);
  });
}
