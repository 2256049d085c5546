import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { createRng, type Rng } from '../../src/core/rng';

/** Fills every weight from a seed: variances positive, everything else of either sign, so that no unit is special. */
export function randomWeights<M extends LayersModel>(net: M, seed: number): M {
  const rng = createRng(seed);
  tf.tidy(() => {
    for (const layer of net.layers) {
      if ('layers' in layer) randomWeights(layer as LayersModel, seed + 1);
      else
        layer.setWeights(layer.weights.map(({ originalName, shape }) => drawn(rng, originalName, shape as number[])));
    }
  });
  return net;
}

function drawn(rng: Rng, name: string, shape: number[]): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  const scale = shape.length > 1 ? Math.sqrt(2 / (size / shape.at(-1)!)) : 0.5;
  const values = Float32Array.from({ length: size }, () => scale * rng.normal());
  return tf.tensor(/variance/.test(name) ? values.map((v) => 0.5 + v * v) : values, shape);
}

type Step = (x: SymbolicTensor, filters?: number) => SymbolicTensor;

/** The steps that a random architecture is made of; each keeps an image an image. */
export const imageSteps: Readonly<Record<string, Step>> = {
  conv: (x, filters = 3) => apply(layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }), x),
  'conv, valid, uneven window': (x) => apply(layers.conv2d({ filters: 2, kernelSize: [2, 1] }), x),
  'conv, stride 2': (x) =>
    apply(layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', useBias: false }), x),
  'conv, dilated': (x) =>
    apply(layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same', activation: 'relu6' }), x),
  depthwise: (x) => apply(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }), x),
  'depthwise, stride 2': (x) =>
    apply(layers.depthwiseConv2d({ kernelSize: 2, strides: 2, padding: 'same', activation: 'relu' }), x),
  separable: (x) =>
    apply(layers.separableConv2d({ filters: 3, kernelSize: 3, depthMultiplier: 2, padding: 'same' }), x),
  'batch norm': (x) => apply(layers.batchNormalization(), x),
  'batch norm, unscaled': (x) => apply(layers.batchNormalization({ axis: 3, scale: false }), x),
  'batch norm, its axis a list as Keras 2 saves it': (x) =>
    apply(layers.batchNormalization(JSON.parse('{"axis":[3]}')), x),
  'batch norm, uncentred': (x) => apply(layers.batchNormalization({ center: false }), x),
  relu: (x) => apply(layers.reLU(), x),
  'relu with a maximum': (x) => apply(layers.reLU({ maxValue: 0.7 }), x),
  'activation relu6': (x) => apply(layers.activation({ activation: 'relu6' }), x),
  leaky: (x) => apply(layers.leakyReLU({ alpha: 0.2 }), x),
  prelu: (x) => apply(layers.prelu(), x),
  'prelu, shared': (x) => apply(layers.prelu({ sharedAxes: [1, 2] }), x),
  'max pooling': (x) => apply(layers.maxPooling2d({ poolSize: 2, padding: 'same' }), x),
  'max pooling, overlapping': (x) => apply(layers.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }), x),
  'average pooling': (x) => apply(layers.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }), x),
  'average pooling, uneven': (x) => apply(layers.averagePooling2d({ poolSize: [1, 2], padding: 'same' }), x),
  'zero padding': (x) =>
    apply(
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
      x,
    ),
  dropout: (x) => apply(layers.gaussianNoise({ stddev: 1 }), apply(layers.dropout({ rate: 0.5 }), x)),
  'dense on pixels': (x) => apply(layers.dense({ units: 2, activation: 'relu' }), x),
  residual: (x) => {
    const side = apply(
      layers.conv2d({ filters: x.shape[3]!, kernelSize: 3, padding: 'same' }),
      apply(layers.reLU(), x),
    );
    return layers.add().apply([x, side]) as SymbolicTensor;
  },
  concatenate: (x) => layers.concatenate().apply([x, imageSteps.conv!(x)]) as SymbolicTensor,
  'concatenate rows': (x) => layers.concatenate({ axis: 1 }).apply([x, imageSteps.relu!(x), x]) as SymbolicTensor,
  nested: (x) => {
    const image = input({ shape: x.shape.slice(1) });
    return apply(model({ inputs: image, outputs: imageSteps.relu!(imageSteps.conv!(image)) }), x);
  },
  'nested sequential, used twice': (x) => {
    const inner = sequential({
      layers: [layers.dense({ units: x.shape[3]!, inputShape: x.shape.slice(1), activation: 'relu' })],
    });
    return apply(inner, apply(inner, x));
  },
  average: (x) =>
    layers.average().apply([x, imageSteps.relu!(x), imageSteps.conv!(x, x.shape[3] ?? 1)]) as SymbolicTensor,
  rescaling: (x) => apply(layers.rescaling({ scale: 1.7, offset: -0.3 }), x),
  'transposed conv': (x) =>
    apply(layers.conv2dTranspose({ filters: 2, kernelSize: 3, padding: 'same', activation: 'relu' }), x),
  'transposed conv, valid': (x) => apply(layers.conv2dTranspose({ filters: 2, kernelSize: [1, 2] }), x),
  'transposed conv with strides': (x) =>
    apply(layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: [2, 1], padding: 'same' }), x),
  cropping: (x) =>
    apply(
      layers.cropping2D({
        cropping: [
          [1, 0],
          [0, 1],
        ],
      }),
      x,
    ),
  permute: (x) =>
    apply(layers.permute({ dims: [3, 1, 2] }), apply(layers.reLU(), apply(layers.permute({ dims: [2, 3, 1] }), x))),
  'up-sampling': (x) => apply(layers.upSampling2d({ size: [1, 2] }), x),
  'up-sampling, bilinear': (x) => apply(layers.upSampling2d({ size: [2, 1], interpolation: 'bilinear' }), x),
  sequences: (x) => {
    const [, height, width, channels] = x.shape as number[];
    const rows = apply(layers.reshape({ targetShape: [height! * width!, channels!] }), x);
    const conv = apply(layers.conv1d({ filters: 2, kernelSize: 3, padding: 'same', activation: 'relu' }), rows);
    const pooled = apply(layers.maxPooling1d({ poolSize: 2, strides: 1, padding: 'same' }), conv);
    const averaged = apply(layers.averagePooling1d({ poolSize: 3, strides: 1, padding: 'same' }), pooled);
    return apply(layers.reshape({ targetShape: [height!, width!, 2] }), averaged);
  },
  reshape: (x) => {
    const [, height, width, channels] = x.shape as number[];
    const turned = apply(layers.reshape({ targetShape: [width! * channels!, height!, 1] }), x);
    return apply(layers.reshape({ targetShape: [height!, width!, channels!] }), turned);
  },
};

/** How an image becomes a vector. */
export const endings: Readonly<Record<string, Step>> = {
  flatten: (x) => apply(layers.flatten(), x),
  'global average': (x) => apply(layers.globalAveragePooling2d({}), x),
  'global max': (x) => apply(layers.globalMaxPooling2d({}), x),
};

function apply(layer: { apply(x: SymbolicTensor): unknown }, x: SymbolicTensor): SymbolicTensor {
  return layer.apply(x) as SymbolicTensor;
}

/** An architecture by the names of its steps. */
export interface Architecture {
  readonly image: readonly [number, number, number];
  readonly steps: readonly string[];
  readonly ending: string;
  readonly hidden: readonly number[];
  readonly softmax: boolean;
  readonly seed: number;
}

/** Builds an architecture, with random weights. */
export function build({ image, steps, ending, hidden, softmax, seed }: Architecture): LayersModel {
  const start = input({ shape: [...image] });
  let x = endings[ending]!(steps.reduce((value, name) => imageSteps[name]!(value), start));
  for (const units of hidden) x = apply(layers.dense({ units, activation: 'relu' }), x);
  x = apply(layers.dense({ units: 3, activation: softmax ? 'softmax' : 'linear' }), x);
  return randomWeights(model({ inputs: start, outputs: x }), seed);
}

/** Any architecture of up to five steps. */
export const architectures: fc.Arbitrary<Architecture> = fc.record({
  image: fc.tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 6 }), fc.integer({ min: 1, max: 3 })),
  // A valid window of two rows shrinks the image; one such step fits in every image.
  steps: fc
    .array(fc.constantFrom(...Object.keys(imageSteps)), { maxLength: 5 })
    .filter((steps) => steps.filter((name) => /stride 2|valid|pooling$|uneven$|cropping/.test(name)).length < 2),
  ending: fc.constantFrom(...Object.keys(endings)),
  hidden: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
  softmax: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1e6 }),
});

/** One small network for every step, which ends with a hidden layer so that everything matters. */
export const oneOfEach: readonly (readonly [string, () => LayersModel])[] = [
  ...Object.keys(imageSteps).map(
    (name, seed) =>
      [
        name,
        () => build({ image: [3, 3, 2], steps: [name], ending: 'flatten', hidden: [5], softmax: false, seed }),
      ] as const,
  ),
  ...Object.keys(endings).map(
    (ending, seed) =>
      [ending, () => build({ image: [3, 3, 2], steps: ['conv'], ending, hidden: [5], softmax: false, seed })] as const,
  ),
];

/** `size` numbers from N(0, 1). */
export function normals(size: number, rng: Rng): Float64Array {
  return Float64Array.from({ length: size }, () => rng.normal());
}

/** The point `x + t v`. */
export function along(x: ArrayLike<number>, v: ArrayLike<number>, t: number): Float64Array {
  return Float64Array.from(x, (value, j) => value + t * v[j]!);
}

/** V z + a for V of K x d. */
export function affineAt({ V, a }: { V: Float64Array; a: Float64Array }, z: ArrayLike<number>): Float64Array {
  return a.map((value, k) => value + Array.from(z, (v, j) => v * V[k * z.length + j]!).reduce((s, v) => s + v, 0));
}

/** The largest difference, in parts of the largest entry of `expected` or of 1. */
export function gap(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  return Math.max(...Array.from(got, (value, i) => Math.abs(value - expected[i]!))) / scale;
}

/** What a tfjs model returns for one flat input. */
export async function predicted(net: LayersModel, x: ArrayLike<number>): Promise<Float32Array> {
  const shape = net.inputs[0]!.shape.slice(1) as number[];
  const y = tf.tidy(() => net.predict(tf.tensor(Float32Array.from(x), [1, ...shape])) as tf.Tensor);
  const values = (await y.data()) as Float32Array;
  y.dispose();
  return values;
}

/** A network given by hand: dense layers with ReLU in between. */
export function handMade(
  ...weights: readonly { readonly kernel: readonly (readonly number[])[]; readonly bias: readonly number[] }[]
): LayersModel {
  const net = sequential();
  for (const [l, { kernel, bias }] of weights.entries()) {
    const activation = l < weights.length - 1 ? 'relu' : 'linear';
    net.add(layers.dense({ units: bias.length, activation, inputShape: [kernel.length] }));
  }
  tf.tidy(() =>
    net.setWeights(
      weights.flatMap(({ kernel, bias }) => [tf.tensor2d(kernel.map((row) => [...row])), tf.tensor1d([...bias])]),
    ),
  );
  return net;
}
