import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Classifier, classifier } from 'relu-overconfidence';
import {
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
  /** What it guarantees; the bare network guarantees nothing. */
  readonly guarantee?: GuaranteedClassifier;
  /** The exact limit of its confidence in a direction from the origin. */
  limit(direction: readonly number[]): number;
}

type Wrap = (model: LayersModel, x: tf.Tensor) => Promise<Omit<Method, 'name'>>;

/** Every wrapper, each fitted to the training inputs. */
const WRAPPERS: Readonly<Record<string, Wrap>> = {
  'bare ReLU network': async (model) => {
    const net = toPiecewiseAffine(model);
    return { model: classifier(model), limit: (direction) => asymptoticConfidence(net, direction).confidence };
  },
  'last-layer Laplace': async (model, x) => {
    const made = await lastLayerLaplace(model, x);
    const origin = Array.from(made.centre, () => 0);
    return { ...guaranteed(made), limit: (direction) => made.asymptoteAlong(origin, direction).confidence };
  },
  'ReLU-GP residual': async (model, x) => guaranteed(await reluGpResidual(model, x)),
  'radial temperature': async (model, x) => guaranteed(await radialTemperature(model, x)),
};

function guaranteed(made: GuaranteedClassifier): Omit<Method, 'name'> {
  return { model: made, guarantee: made, limit: () => made.asymptote };
}

/** The network itself and every wrapper around it. */
export async function methodsAround(model: LayersModel, x: tf.Tensor): Promise<Method[]> {
  const methods: Method[] = [];
  for (const [name, wrap] of Object.entries(WRAPPERS)) methods.push({ name, ...(await wrap(model, x)) });
  return methods;
}
