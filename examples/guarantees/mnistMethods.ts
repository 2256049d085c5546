import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import {
  createRng,
  type FitOptions,
  fit,
  type LabelledData,
  type ModelLike,
  maxConfidenceAttack,
  type NoiseSampler,
} from 'relu-overconfidence';
import {
  ccu,
  certifiedMaxConfidence,
  type JointDiscriminator,
  jointDiscriminator,
  restoreGuarantee,
} from 'relu-overconfidence/guarantees';
import { loadModel, saveModel } from 'relu-overconfidence/models';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { progressBar } from '../support/progressBar';

/** The radius of GOOD's and of the paper's tables for MNIST. */
export const EPSILON = 0.3;
/** The unit square has no two points that are farther apart, in the Euclidean norm, than this for every unit of radius. */
const AROUND = 28 * (1 + 1e-6);

/** A classifier of the table, and what its confidence cannot exceed within {@link EPSILON} of each image. */
export interface Row {
  readonly model: ModelLike;
  bounds(x: tf.Tensor): Promise<Float64Array>;
  /** The same within a Euclidean distance of it, of a wrapper that has such bounds of its own. */
  euclideanBounds?(x: tf.Tensor): Promise<Float64Array>;
}

/** What classifiers are made from, and where they are kept. */
export interface Making {
  readonly train: LabelledData;
  /** What is no digit. */
  readonly noise: NoiseSampler;
  readonly output: string;
}

/** Raised late, when the bounds of GOOD have been at their full radius for a while. */
const late = (done: number) => (done < 0.75 ? 1 : done < 0.9 ? 0.1 : 0.01);

/** How each network is trained. */
const TRAININGS = {
  plain: { method: 'plain', epochs: 6 },
  ceda: { method: 'ceda', epochs: 3 },
  acet: { method: 'acet', epochs: 10, stepsPerEpoch: 40, attack: maxConfidenceAttack, epsilon: EPSILON, steps: 10 },
  good: { method: 'good', epochs: 4, epsilon: EPSILON, schedule: late },
} satisfies Record<string, FitOptions>;
/** Training images from which the densities of CCU are learnt, and Gaussians of each. */
const DENSITIES = { images: 2000, components: 10 };
const DISCRIMINATOR_EPOCHS = 4;

/** The rows of the table, the quick ones first. Each is trained the first time, and kept. */
export const METHODS: Readonly<Record<string, (making: Making) => Promise<Row>>> = {
  plain: async (making) => bare(await trained('plain', making)),
  ProoD: async (making) => {
    const model = await trained('plain', making);
    const safe = await wrapped('mnist-discriminator.json', model, making, () =>
      jointDiscriminator(model, making.train.x, {
        epochs: DISCRIMINATOR_EPOCHS,
        epsilon: EPSILON,
        features: features(),
        noise: making.noise,
        biasShift: 0,
        seed: 1,
        onProgress: progressBar('train discriminator'),
      }),
    );
    const joint = safe as JointDiscriminator;
    return {
      model: joint,
      bounds: (x) => joint.linfConfidenceBound(x, EPSILON),
      euclideanBounds: (x) => joint.l2ConfidenceBound(x, EPSILON),
    };
  },
  CEDA: async (making) => bare(await trained('ceda', making)),
  CCU: async (making) => {
    const model = await trained('plain', making);
    const safe = await wrapped('mnist-ccu.json', model, making, async () => {
      const x = tf.slice(making.train.x, 0, DENSITIES.images);
      const out = making.noise(x, createRng('ccu'));
      const made = await ccu(model, { x, out }, { components: DENSITIES.components, seed: 1 });
      tf.dispose([x, out]);
      return made;
    });
    // The ball of the maximum norm lies in the Euclidean ball of 28 times its radius.
    return { model: safe, bounds: async (x) => safe.confidenceBound(x, EPSILON * AROUND) };
  },
  GOOD: async (making) => bare(await trained('good', making)),
  ACET: async (making) => bare(await trained('acet', making)),
};

function bare(model: LayersModel): Row {
  const net = toPiecewiseAffine(model);
  return { model, bounds: async (x) => certifiedMaxConfidence(net, x, EPSILON, { method: 'interval' }) };
}

/** A network of one of the {@link TRAININGS}; a training that was stopped goes on where it was. */
async function trained(name: keyof typeof TRAININGS, { train, noise, output }: Making): Promise<LayersModel> {
  const folder = join(output, 'models', `mnist-${name}`);
  const there = await access(join(folder, 'model.json')).then(
    () => true,
    () => false,
  );
  if (!there) {
    await mkdir(output, { recursive: true });
    const model = network();
    await fit(model, train, {
      ...TRAININGS[name],
      ...(name !== 'plain' && { noise }),
      optimizer: tf.train.adam(1e-3),
      seed: 1,
      checkpoint: join(output, `mnist-${name}.checkpoint`),
      onStep: progressBar(`train ${name}`),
      onEpoch: (record) => console.error(JSON.stringify(record)),
    });
    await saveModel(model, folder);
  }
  return (await loadModel(folder)).model as LayersModel;
}

/** A wrapper around a network, made the first time, and kept. */
async function wrapped(name: string, model: LayersModel, { output }: Making, make: () => Promise<{ save(): object }>) {
  const file = join(output, name);
  const made = await readFile(file, 'utf8').catch(() => undefined);
  if (made === undefined) await writeFile(file, JSON.stringify((await make()).save()));
  return restoreGuarantee(model, JSON.parse(made ?? (await readFile(file, 'utf8'))));
}

const relu = (seed: number) => ({ activation: 'relu' as const, kernelInitializer: initializers.heNormal({ seed }) });

/** The network of all rows. */
function network(): LayersModel {
  const convolution = { strides: 2, padding: 'same' as const };
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 24, kernelSize: 5, ...convolution, ...relu(1) }),
      layers.conv2d({ filters: 48, kernelSize: 4, ...convolution, ...relu(2) }),
      layers.flatten(),
      layers.dense({ units: 100, ...relu(3) }),
      layers.dense({ units: 10, kernelInitializer: initializers.heNormal({ seed: 4 }) }),
    ],
  });
}

/** What the discriminator looks at. */
function features(): LayersModel {
  const convolution = { kernelSize: 4, strides: 2, padding: 'same' as const };
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 16, ...convolution, ...relu(5) }),
      layers.conv2d({ filters: 32, ...convolution, ...relu(6) }),
      layers.flatten(),
      layers.dense({ units: 64, ...relu(7) }),
    ],
  });
}
