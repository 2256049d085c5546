import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import type { Classifier } from './types';

/** The LayersModel of a classifier, for functions that look at its layers. */
export function layersOf(fn: string, { layersModel }: Classifier): LayersModel {
  if (layersModel !== undefined) return layersModel;
  return refuse(
    { fn, argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a LayersModel, or a classifier made of one',
    'a model that does not show its layers',
    'Pass the LayersModel itself, or classifier(model).',
  );
}
