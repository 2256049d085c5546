import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import type { Rng } from '../core/rng';
import { isBatchNorm, type Layer, walkLayers } from './walkGraph';

/**
 * Runs `forward` with the layers of a model behaving as training needs them: frozen batch normalisation keeps its
 * stored statistics (tfjs would update them), and dropout and noise come from `rng` when there is one, so that a seeded run
 * can be repeated and resumed.
 */
export function trainingForward<T>(model: LayersModel, rng: Rng | undefined, forward: () => T): T {
  const undo: (() => void)[] = [];
  const replace = (holder: object, key: string, value: unknown) => {
    const own = Object.getOwnPropertyDescriptor(holder, key);
    undo.push(() =>
      own === undefined ? Reflect.deleteProperty(holder, key) : Object.defineProperty(holder, key, own),
    );
    Reflect.set(holder, key, value);
  };
  try {
    for (const { layer, frozen } of walkLayers(model)) {
      if (isBatchNorm(layer) && frozen) {
        const call = layer.call.bind(layer);
        replace(layer, 'call', (inputs: tf.Tensor, kwargs: object) => call(inputs, { ...kwargs, training: false }));
      }
      if (rng === undefined) continue;
      for (const part of partsOf(layer)) {
        const noise = NOISE[nameOf(part)];
        // A layer or cell to which its owner gave a function of their own goes on using that.
        if (noise !== undefined && !Object.hasOwn(part, 'call')) replace(part, 'call', seeded(noise, part, rng));
        // The hook of recurrent cells, in place of an unseeded dropout of a tensor of ones.
        if ('dropout' in part && 'recurrentDropout' in part && !hasDropoutFunc(part))
          replace(part, 'dropoutFunc', (ones: tf.Tensor, rate: number) => dropped(ones, rate, ones.shape, rng));
      }
    }
    return forward();
  } finally {
    // Backwards, since a layer that was met twice has what the first meeting put there under the second.
    for (const back of undo.reverse()) back();
  }
}

/** Batch normalisation without center or scale crashes in tfjs in training mode: refused by name instead. */
export function checkTrainingMode(model: LayersModel): void {
  for (const { layer, frozen } of walkLayers(model)) {
    const { center, scale } = layer.getConfig();
    if (isBatchNorm(layer) && !frozen && !(center && scale))
      refuse(
        { fn: 'classifier', argument: 'model' },
        'UNSUPPORTED_MODEL',
        'a model whose batch normalisation has center and scale (tfjs cannot train the others)',
        `layer \`${layer.name}\` with center: ${center}, scale: ${scale}`,
        'Build that layer with center: true and scale: true, or freeze it with trainable = false.',
      );
  }
}

/** A layer with the layers and cells that it wraps: of TimeDistributed, Bidirectional and the recurrent layers. */
function partsOf(layer: object): object[] {
  const inner = ['layer', 'forwardLayer', 'backwardLayer', 'cell', 'cells'].flatMap((key): unknown[] => {
    const value: unknown = Reflect.get(layer, key);
    return Array.isArray(value) ? value : [value];
  });
  return [layer, ...inner.filter((part) => typeof part === 'object' && part !== null).flatMap(partsOf)];
}

function hasDropoutFunc(cell: object): boolean {
  return 'dropoutFunc' in cell && typeof cell.dropoutFunc === 'function';
}

function nameOf(part: object): string {
  return 'getClassName' in part && typeof part.getClassName === 'function' ? String(part.getClassName()) : '';
}

/** What a layer does at random: its input, its `rate` or `stddev`, and the shape of one random number per place. */
type Noise = (x: tf.Tensor, amount: number, shape: readonly number[], rng: Rng) => tf.Tensor;

/** The negative saturation value of SELU, which alpha dropout puts in place of a dropped unit. */
const SATURATED = -1.6732632423543772 * 1.0507009873554805;

/**
 * The layers that are random in training, each with the distribution that tfjs-layers gives it; but for alpha dropout, where
 * tfjs-layers has a wrong sign: here it keeps mean and variance as in its paper (Klambauer et al. 2017) and in Keras.
 */
const NOISE: Readonly<Record<string, Noise>> = {
  Dropout: dropped,
  SpatialDropout1D: (x, rate, [batch, , channels], rng) => dropped(x, rate, [batch!, 1, channels!], rng),
  GaussianNoise: (x, stddev, shape, rng) =>
    tf.add(
      x,
      drawn(shape, () => stddev * rng.normal()),
    ),
  GaussianDropout: (x, rate, shape, rng) =>
    tf.mul(
      x,
      drawn(shape, () => 1 + Math.sqrt(rate / (1 - rate)) * rng.normal()),
    ),
  AlphaDropout: (x, rate, shape, rng) => {
    const kept = drawn(shape, () => (rng.uniform() < rate ? 0 : 1));
    const a = ((1 - rate) * (1 + rate * SATURATED ** 2)) ** -0.5;
    const mixed = tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), SATURATED));
    return tf.add(tf.mul(mixed, a), -a * SATURATED * rate);
  },
};

/** Inverted dropout: a unit is kept with probability 1 - rate and then divided by it. */
function dropped(x: tf.Tensor, rate: number, shape: readonly number[], rng: Rng): tf.Tensor {
  return tf.mul(
    x,
    drawn(shape, () => (rng.uniform() < rate ? 0 : 1 / (1 - rate))),
  );
}

function drawn(shape: readonly number[], draw: () => number): tf.Tensor {
  return tf.tensor(new Float32Array(tf.util.sizeFromShape([...shape])).map(draw), [...shape]);
}

/** The layer's `call` with its noise from `rng`; as in tfjs-layers, a rate outside (0, 1) does nothing. */
function seeded(noise: Noise, layer: object, rng: Rng): Layer['call'] {
  const { stddev, rate, noiseShape } = layer as {
    readonly stddev?: number;
    readonly rate?: number;
    readonly noiseShape?: readonly (number | null)[];
  };
  const amount = stddev ?? rate ?? 0;
  return (inputs, kwargs) => {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const idle = kwargs?.training !== true || (stddev === undefined && !(amount > 0 && amount < 1));
    if (idle) return tf.clone(x);
    return tf.tidy(() =>
      noise(
        x,
        amount,
        x.shape.map((size, axis) => noiseShape?.[axis] ?? size),
        rng,
      ),
    );
  };
}
