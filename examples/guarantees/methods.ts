import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Classifier, classifier } from 'relu-overconfidence';
import {
  type BoundMethod,
  ccu,
  certifiedMaxConfidence,
  type GuaranteedClassifier,
  lastLayerLaplace,
  radialTemperature,
  reluGpResidual,
} from 'relu-overconfidence/guarantees';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { asymptoticConfidence } from 'relu-overconfidence/theory';

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

/** What wrappers learn from: training inputs, and what is not data; by default the paper's noise. */
export interface WrapperData {
  readonly x: tf.Tensor;
  readonly out?: tf.Tensor;
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
  CCU: async (model, { x, out }) => guaranteed(await ccu(model, { x, ...(out && { out }) }, { seed: 1 })),
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
