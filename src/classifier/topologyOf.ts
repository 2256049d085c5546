import type { LayersModel } from '@tensorflow/tfjs-layers';

/** The model as JSON without its weights; initializers, whose numbers would be overwritten, become zeros. */
export function topologyOf(model: LayersModel): string {
  const zeros = { class_name: 'Zeros', config: {} };
  const topology: unknown = JSON.parse(model.toJSON() as string);
  return JSON.stringify(topology, (key, value) => (key.endsWith('_initializer') && value !== null ? zeros : value));
}
