import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse, show, type Where } from '../core/check';
import type { ModelLike } from './types';
import { isLayersModel } from './walkGraph';

/** The LayersModel that was passed, or that a classifier is a view of, for functions that look at its layers. */
export function layersModelOf(where: Where, model: ModelLike): LayersModel {
  if (isLayersModel(model)) return model;
  const seen = model !== null && typeof model === 'object' && 'layersModel' in model ? model.layersModel : undefined;
  if (seen !== undefined) return seen;
  return refuse(
    where,
    'UNSUPPORTED_MODEL',
    'a LayersModel, or a classifier made of one',
    `${show(model)}, which does not show its layers`,
    "Pass the LayersModel itself, or classifier(model); of a GraphModel what toLayersModel of 'relu-overconfidence/models' makes.",
  );
}

/** The model as JSON without its weights; initializers, whose numbers would be overwritten, become zeros. */
export function topologyOf(model: LayersModel): string {
  const zeros = { class_name: 'Zeros', config: {} };
  const topology: unknown = JSON.parse(model.toJSON() as string);
  return JSON.stringify(topology, (key, value) => (key.endsWith('_initializer') && value !== null ? zeros : value));
}
