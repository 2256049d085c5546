import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse, show, type Where } from '../core/check';
import type { ModelLike } from './types';
import { isLayersModel } from './walkLayers';

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
