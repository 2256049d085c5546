import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Classifier, classifier, createRng, type NoiseSampler } from 'relu-overconfidence';
import {
  type BoundMethod,
  ccu,
  certifiedMaxConfidence,
  type GuaranteedClassifier,
  type JointDiscriminatorOptions,
  jointDiscriminator,
  lastLayerLaplace,
  radialTemperature,
  reluGpResidual,
} from 'relu-overconfidence/guarantees';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { asymptoticConfidence } from 'relu-overconfidence/theory';
import { progressBar } from '../support/progressBar';

/** A trained network, bare or wrapped. */
export interface Method {
  readonly name: string;
  readonly model: Classifier;
  /** What it guarantees; a bare network guarantees nothing. */
  readonly guarantee?: GuaranteedClassifier;
  /** The exact limit of its confidence in a direction from the origin. */
  limit(direction: readonly number[]): number;
  /** What the confidence is certified not to exceed within a distance of each input, in the maximum norm and inside [0, 1]. */
  certified(x: tf.Tensor, epsilon: number): Promise<Float64Array>;
}

/** What wrappers learn from. */
export interface WrapperData {
  /** Training inputs. */
  readonly x: tf.Tensor;
  /** What is not data. */
  readonly noise: NoiseSampler;
  /** How long the discriminator is trained, and the radius of the balls around noise over which it is bounded. */
  readonly discriminator: Pick<JointDiscriminatorOptions, 'epochs' | 'epsilon'>;
}

type Wrap = (model: LayersModel, data: WrapperData) => Promise<Omit<Method, 'name'>>;

/** Every wrapper, each fitted to the training inputs. */
const WRAPPERS: Readonly<Record<string, Wrap>> = {
  'last-layer Laplace': async (model, { x }) => {
    const made = await lastLayerLaplace(model, x);
    const origin = Array.from(made.centre, () => 0);
    return { ...guaranteed(made), limit: (direction) => made.asymptoteAlong(origin, direction).confidence };
  },
  'ReLU-GP residual': async (model, { x }) => guaranteed(await reluGpResidual(model, x)),
  'radial temperature': async (model, { x }) => guaranteed(await radialTemperature(model, x)),
  CCU: async (model, { x, noise }) => {
    const out = noise(x, createRng('ccu'));
    const made = await ccu(model, { x, out }, { seed: 1 }).finally(() => out.dispose());
    return guaranteed(made);
  },
  'joint discriminator': async (model, { x, noise, discriminator }) => {
    const made = await jointDiscriminator(model, x, {
      ...discriminator,
      noise,
      seed: 1,
      onProgress: progressBar('train the discriminator'),
    });
    return { ...guaranteed(made), certified: (points, epsilon) => made.linfConfidenceBound(points, epsilon) };
  },
};

function guaranteed(made: GuaranteedClassifier): Omit<Method, 'name'> {
  // The ball of the maximum norm lies in the Euclidean ball of radius epsilon sqrt(d).
  const around = Math.sqrt(made.centre.length) * (1 + 1e-6);
  return {
    model: made,
    guarantee: made,
    limit: () => made.asymptote,
    certified: (x, epsilon) => made.confidenceBound(x, epsilon * around),
  };
}

/** A network as it was trained, certified by one of the bounds on its logits. */
export function bare(name: string, model: LayersModel, method: BoundMethod): Method {
  const net = toPiecewiseAffine(model);
  return {
    name,
    model: classifier(model),
    limit: (direction) => asymptoticConfidence(net, direction).confidence,
    certified: async (x, epsilon) => certifiedMaxConfidence(net, x, epsilon, { method }),
  };
}

/** Every wrapper around a network, one after the other. */
export async function* wrappersOf(model: LayersModel, data: WrapperData): AsyncGenerator<Method, void, undefined> {
  for (const [name, wrap] of Object.entries(WRAPPERS)) yield { name, ...(await wrap(model, data)) };
}
