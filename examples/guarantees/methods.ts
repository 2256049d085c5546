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
  /** What it guarantees; a bare network guarantees nothing. */
  readonly guarantee?: GuaranteedClassifier;
  /** The exact limit of its confidence in a direction from the origin. */
  limit(direction: readonly number[]): number;
}

type Wrap = (model: LayersModel, x: tf.Tensor) => Promise<Omit<Method, 'name'>>;

/** Every wrapper, each fitted to the training inputs. */
const WRAPPERS: Readonly<Record<string, Wrap>> = {
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

/** A network as it was trained. */
export function bare(name: string, model: LayersModel): Method {
  const net = toPiecewiseAffine(model);
  const limit = (direction: readonly number[]) => asymptoticConfidence(net, direction).confidence;
  return { name, model: classifier(model), limit };
}

/** Every wrapper around a network, one after the other. */
export async function* wrappersOf(model: LayersModel, x: tf.Tensor): AsyncGenerator<Method, void, undefined> {
  for (const [name, wrap] of Object.entries(WRAPPERS)) yield { name, ...(await wrap(model, x)) };
}
