import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { heNormal } from '../../core/heNormal';

/** A small ReLU network: two convolutions for images [height, width, channels], and dense layers. */
export function defaultFeatures(inputShape: readonly number[], seed: string | number): LayersModel {
  const model = sequential({ layers: [layers.inputLayer({ inputShape: [...inputShape] })] });
  if (inputShape.length === 3) {
    const convolution = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
    model.add(layers.conv2d({ filters: 16, ...convolution, name: 'conv_1' }));
    model.add(layers.conv2d({ filters: 32, strides: 2, ...convolution, name: 'conv_2' }));
  }
  if (inputShape.length > 1) model.add(layers.flatten());
  else model.add(layers.dense({ units: 64, activation: 'relu', name: 'hidden' }));
  model.add(layers.dense({ units: 64, activation: 'relu', name: 'features' }));
  heNormal(model, seed);
  return model;
}
