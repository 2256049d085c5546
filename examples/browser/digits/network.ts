import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

/** The network of the second tab, 15,386 weights: two convolutions of 3x3, a max-pooling and two dense layers. */
export function digitNetwork(): LayersModel {
  const relu = (seed: number) => ({ activation: 'relu' as const, kernelInitializer: initializers.heNormal({ seed }) });
  const convolution = { kernelSize: 3, padding: 'same' as const };
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 1], filters: 12, ...convolution, ...relu(1) }),
      layers.conv2d({ filters: 24, ...convolution, ...relu(2) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 32, ...relu(3) }),
      layers.dense({ units: 10, kernelInitializer: initializers.heNormal({ seed: 4 }) }),
    ],
  });
}
