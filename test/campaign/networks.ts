import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Rng } from '../../src/core/rng';

/** A network that was drawn, and how, in words. */
export interface Drawn {
  readonly model: LayersModel;
  readonly words: string;
}

/** How weights are drawn. */
const FILLS: Readonly<Record<string, (rng: Rng, fanIn: number) => number>> = {
  ordinary: (rng, fanIn) => Math.sqrt(2 / fanIn) * rng.normal(),
  'mostly zeros': (rng, fanIn) => (rng.uniform() < 0.9 ? 0 : (3 / Math.sqrt(fanIn)) * rng.normal()),
  'small whole numbers': (rng) => rng.integer(5) - 2,
  tiny: (rng) => 1e-25 * rng.normal(),
  huge: (rng) => 1e9 * rng.normal(),
  'of all sizes': (rng) => rng.normal() * 10 ** (12 * rng.uniform() - 6),
};

/** Draws a network of up to four steps on an image or a vector, of every layer that can be read. */
export function drawNetwork(rng: Rng): Drawn {
  for (;;) {
    const tensors = tf.engine().startScope();
    try {
      return attempt(rng);
    } catch (error) {
      // A window that is larger than what is left of the image: tfjs refuses the layer, and so another is drawn.
      if (!isTooSmall(error)) throw error;
    } finally {
      tf.engine().endScope(tensors);
    }
  }
}

function isTooSmall(error: unknown): boolean {
  return error instanceof Error && /negative|size|smaller|too small|dimension|shape/i.test(error.message);
}

function attempt(rng: Rng): Drawn {
  const words: string[] = [];
  const start = rng.uniform() < 0.4 ? input({ shape: [1 + rng.integer(4)] }) : input({ shape: imageShape(rng) });
  let x: SymbolicTensor = start;
  if (x.rank === 4) {
    for (let n = rng.integer(4); n > 0; n--) x = step(rng, x, words);
    x = apply(pick(rng, endings), x);
  }
  const deep = rng.uniform() < 0.1;
  if (deep) words.push('deep');
  for (let n = deep ? 8 + rng.integer(25) : rng.integer(3); n > 0; n--)
    x = apply(layers.dense({ units: 1 + rng.integer(7), activation: 'relu', useBias: rng.uniform() < 0.7 }), x);
  const classes = 2 + rng.integer(3);
  x = apply(layers.dense({ units: classes, activation: rng.uniform() < 0.3 ? 'softmax' : 'linear' }), x);
  const net = model({ inputs: start, outputs: x });
  if (net.layers.some(({ outputShape }) => (outputShape as number[]).slice(1).some((size) => !(size > 0))))
    throw new Error('a layer whose output is too small');
  fill(net, rng, words);
  return { model: net, words: `${start.shape.slice(1).join('x')}: ${words.join(', ')}` };
}

const imageShape = (rng: Rng) => [3 + rng.integer(5), 3 + rng.integer(5), 1 + rng.integer(3)];

/** Every step gives an image. */
type Step = (rng: Rng, x: SymbolicTensor) => SymbolicTensor;

const steps: Readonly<Record<string, Step>> = {
  conv2d: (rng, x) => apply(layers.conv2d({ filters: 1 + rng.integer(4), ...convolution(rng, true) }), x),
  'conv2d 3x3': (rng, x) =>
    apply(layers.conv2d({ filters: 4, kernelSize: 3, padding: padding(rng), activation: 'relu' }), x),
  depthwise: (rng, x) =>
    apply(layers.depthwiseConv2d({ depthMultiplier: 1 + rng.integer(2), ...convolution(rng, true) }), x),
  separable: (rng, x) =>
    apply(
      layers.separableConv2d({
        filters: 1 + rng.integer(3),
        depthMultiplier: 1 + rng.integer(2),
        ...convolution(rng, false),
      }),
      x,
    ),
  'batch norm': (rng, x) =>
    apply(layers.batchNormalization({ scale: rng.uniform() < 0.7, center: rng.uniform() < 0.7 }), x),
  relu: (rng, x) => apply(layers.reLU(rng.uniform() < 0.5 ? {} : { maxValue: 0.5 + rng.uniform() }), x),
  leaky: (rng, x) => apply(layers.leakyReLU({ alpha: rng.uniform() - 0.3 }), x),
  prelu: (rng, x) => apply(layers.prelu(rng.uniform() < 0.5 ? {} : { sharedAxes: [1, 2] }), x),
  activation: (rng, x) => apply(layers.activation({ activation: rng.uniform() < 0.5 ? 'relu' : 'relu6' }), x),
  'max pooling': (rng, x) => apply(layers.maxPooling2d(pooling(rng)), x),
  'average pooling': (rng, x) => apply(layers.averagePooling2d(pooling(rng)), x),
  'zero padding': (rng, x) => apply(layers.zeroPadding2d({ padding: [rng.integer(3), rng.integer(3)] }), x),
  'dense on pixels': (rng, x) => apply(layers.dense({ units: 1 + rng.integer(3), activation: 'relu' }), x),
  dropout: (_, x) => apply(layers.gaussianNoise({ stddev: 1 }), apply(layers.dropout({ rate: 0.5 }), x)),
  residual: (rng, x) => {
    const side = layers.conv2d({ filters: x.shape[3]!, kernelSize: [1 + rng.integer(4), 3], padding: 'same' });
    return apply(layers.add(), [x, apply(side, apply(layers.reLU(), x))]);
  },
  concatenate: (rng, x) => {
    const side = layers.conv2d({ filters: 2, kernelSize: 2, padding: 'same', activation: 'relu' });
    return apply(layers.concatenate({ axis: rng.uniform() < 0.7 ? -1 : 3 }), [x, apply(side, x), x]);
  },
  'one layer used twice': (_, x) => {
    const shared = layers.conv2d({ filters: x.shape[3]!, kernelSize: 2, padding: 'same', activation: 'relu' });
    return apply(shared, apply(shared, x));
  },
  'a model used twice': (_, x) => {
    const inside = input({ shape: x.shape.slice(1) as number[] });
    const inner = model({
      inputs: inside,
      outputs: apply(layers.reLU(), apply(layers.dense({ units: x.shape[3]! }), inside)),
    });
    return apply(layers.add(), [apply(inner, x), apply(inner, apply(inner, x))]);
  },
  reshape: (_, x) => {
    const [, height, width, channels] = x.shape as number[];
    return apply(layers.reshape({ targetShape: [width!, height!, channels!] }), x);
  },
};

const endings = [
  () => layers.flatten(),
  () => layers.globalAveragePooling2d({}),
  () => layers.globalMaxPooling2d({}),
] as const;

function step(rng: Rng, x: SymbolicTensor, words: string[]): SymbolicTensor {
  const [name, make] = pick(rng, Object.entries(steps));
  words.push(name);
  return make(rng, x);
}

const padding = (rng: Rng) => (rng.uniform() < 0.5 ? 'same' : 'valid') as 'same' | 'valid';

/** tfjs takes strides or a dilation, not both. */
function convolution(rng: Rng, dilations: boolean) {
  const kernelSize: [number, number] = [1 + rng.integer(4), 1 + rng.integer(4)];
  const dilated = dilations && rng.uniform() < 0.3;
  return {
    kernelSize,
    padding: padding(rng),
    useBias: rng.uniform() < 0.7,
    ...(dilated ? { dilationRate: 2 + rng.integer(2) } : { strides: 1 + rng.integer(2) }),
    ...(rng.uniform() < 0.5 && { activation: 'relu' as const }),
  };
}

function pooling(rng: Rng) {
  const poolSize: [number, number] = [1 + rng.integer(3), 1 + rng.integer(3)];
  const strides: [number, number] = [1 + rng.integer(2), 1 + rng.integer(2)];
  return { poolSize, strides, padding: padding(rng) };
}

function pick<T>(rng: Rng, from: readonly T[]): T {
  return from[rng.integer(from.length)]!;
}

function apply(
  layer: { apply(x: SymbolicTensor | SymbolicTensor[]): unknown } | (() => { apply(x: SymbolicTensor): unknown }),
  x: SymbolicTensor | SymbolicTensor[],
): SymbolicTensor {
  return (typeof layer === 'function' ? layer() : layer).apply(x as SymbolicTensor) as SymbolicTensor;
}

/** Draws all weights, each layer's in one way; variances stay positive. */
function fill(net: LayersModel, rng: Rng, words: string[]): void {
  const wild = rng.uniform() < 0.3;
  for (const layer of net.layers) {
    if ('layers' in layer) {
      fill(layer as LayersModel, rng, words);
      continue;
    }
    if (layer.weights.length === 0) continue;
    const [name, draw] = wild ? pick(rng, Object.entries(FILLS)) : (['ordinary', FILLS.ordinary!] as const);
    if (wild) words.push(`${layer.getClassName()} ${name}`);
    layer.setWeights(layer.weights.map((weight) => drawn(rng, draw, weight.originalName, weight.shape as number[])));
  }
}

function drawn(rng: Rng, draw: (rng: Rng, fanIn: number) => number, name: string, shape: number[]): tf.Tensor {
  const size = tf.util.sizeFromShape(shape);
  if (/variance/.test(name))
    return tf.tensor(
      Float32Array.from({ length: size }, () => 0.1 + rng.normal() ** 2),
      shape,
    );
  const fanIn = shape.length > 1 ? size / shape.at(-1)! : 4;
  return tf.tensor(
    Float32Array.from({ length: size }, () => draw(rng, fanIn)),
    shape,
  );
}
