import {
  model as buildModel,
  initializers,
  input as inputOf,
  type LayersModel,
  layers,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';

/** Expansion, channels, repeats and first stride of the blocks (Sandler et al., MobileNetV2, CVPR 2018, Table 2). */
const BLOCKS = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const SIZE = 224;

/** The MobileNetV2 of 224 x 224 as Keras exports it, of width 1, with a softmax; weights are seeded. */
export function mobilenetV2(classes: number): LayersModel {
  let seed = 0;
  const drawn = () => initializers.heNormal({ seed: ++seed });
  const input = inputOf({ shape: [SIZE, SIZE, 3] });
  const normalised = (x: SymbolicTensor, activation: boolean): SymbolicTensor => {
    const y = layers.batchNormalization({ epsilon: 1e-3 }).apply(x);
    return (activation ? layers.reLU({ maxValue: 6 }).apply(y) : y) as SymbolicTensor;
  };
  const strided = (x: SymbolicTensor, stride: number): SymbolicTensor =>
    stride === 1
      ? x
      : (layers
          .zeroPadding2d({
            padding: [
              [0, 1],
              [0, 1],
            ],
          })
          .apply(x) as SymbolicTensor);
  const pad = (stride: number) => (stride === 1 ? 'same' : 'valid');
  const pointwise = (x: SymbolicTensor, filters: number, activation: boolean) =>
    normalised(
      layers.conv2d({ filters, kernelSize: 1, useBias: false, kernelInitializer: drawn() }).apply(x) as SymbolicTensor,
      activation,
    );
  let x = normalised(
    layers
      .conv2d({
        filters: 32,
        kernelSize: 3,
        strides: 2,
        padding: 'valid',
        useBias: false,
        kernelInitializer: drawn(),
      })
      .apply(strided(input, 2)) as SymbolicTensor,
    true,
  );
  for (const [expansion, filters, repeats, first] of BLOCKS)
    for (let repeat = 0; repeat < repeats; repeat++) {
      const channels = x.shape[3]!;
      const strides = repeat === 0 ? first : 1;
      const wide = expansion === 1 ? x : pointwise(x, expansion * channels, true);
      const deep = layers
        .depthwiseConv2d({
          kernelSize: 3,
          strides,
          padding: pad(strides),
          useBias: false,
          depthwiseInitializer: drawn(),
        })
        .apply(strided(wide, strides)) as SymbolicTensor;
      const narrow = pointwise(normalised(deep, true), filters, false);
      x = repeat > 0 ? (layers.add().apply([x, narrow]) as SymbolicTensor) : narrow;
    }
  const features = layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }).apply(pointwise(x, 1280, true));
  const outputs = layers
    .dense({ units: classes, activation: 'softmax', kernelInitializer: drawn() })
    .apply(features) as SymbolicTensor;
  return buildModel({ inputs: input, outputs });
}
