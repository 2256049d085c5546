import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { acetStep, cedaStep, createRng, type Method, plainStep, uniformNoise } from 'relu-overconfidence';
import { twoMoons } from 'relu-overconfidence/datasets';
import { mlp } from 'relu-overconfidence/models';
import { type PiecewiseAffine, toPiecewiseAffine } from 'relu-overconfidence/regions';

/** What the visitor chooses. */
export interface Settings {
  readonly lambda: number;
  readonly epsilon: number;
  readonly steps: number;
}

/** A network in training. */
export interface Trainee {
  readonly method: Method;
  readonly model: LayersModel;
  readonly optimizer: tf.Optimizer;
}

export const moons = twoMoons({ points: 400, noise: 0.02, seed: 1 });

const HIDDEN = [32, 32];
const BATCH = 128;
const LEARNING_RATE = 2e-2;

/** A network with two hidden layers, the same first weights for every method. */
export function createTrainee(method: Method): Trainee {
  const model = mlp({ inputShape: [2], hidden: HIDDEN, classes: 2, seed: 3 });
  bendInside(model);
  return { method, model, optimizer: tf.train.adam(LEARNING_RATE) };
}

export function disposeTrainee({ model, optimizer }: Trainee): void {
  model.dispose();
  optimizer.dispose();
}

/** One update on a random batch; number `step` of the training, which is the same batch for every method. */
export function trainOnce({ method, model, optimizer }: Trainee, step: number, settings: Settings): void {
  const { lambda, epsilon, steps } = settings;
  const batch = drawBatch(step);
  const common = { seed: 1, weightDecay: 0 };
  const doubt = {
    ...common,
    lambda,
    noise: (points: tf.Tensor, rng: ReturnType<typeof createRng>) => uniformNoise(points.shape, { rng }),
  };
  // Two and a half radii in all, so that the attack can cross the ball.
  const attack = { epsilon, steps, stepSize: (2.5 * epsilon) / steps };
  const take = {
    plain: () => plainStep(model, optimizer, batch, common),
    ceda: () => cedaStep(model, optimizer, batch, doubt),
    acet: () => acetStep(model, optimizer, batch, { ...doubt, ...attack }),
  };
  tf.dispose([take[method](), batch]);
}

/** The network in float64. Webgpu cannot be read at once, so there a copy of the weights goes over the cpu. */
export async function readNetwork({ model }: Trainee): Promise<PiecewiseAffine> {
  const backend = tf.getBackend();
  if (backend !== 'webgpu') return toPiecewiseAffine(model);
  const weights = await Promise.all(
    model.getWeights().map(async (weight) => ({ weight, values: await weight.data() })),
  );
  await tf.setBackend('cpu');
  const copy = mlp({ inputShape: [2], hidden: HIDDEN, classes: 2 });
  const tensors = weights.map(({ weight, values }) => tf.tensor(values, weight.shape));
  copy.setWeights(tensors);
  const net = toPiecewiseAffine(copy);
  tf.dispose(tensors);
  copy.dispose();
  await tf.setBackend(backend);
  return net;
}

function drawBatch(step: number) {
  const rng = createRng(`batch ${step}`);
  const chosen = Array.from({ length: BATCH }, () => rng.integer(moons.y.length));
  const points = chosen.flatMap((i) => [moons.x[2 * i]!, moons.x[2 * i + 1]!]);
  return {
    x: tf.tensor2d(points, [BATCH, 2]),
    y: tf.tensor1d(
      chosen.map((i) => moons.y[i]!),
      'int32',
    ),
  };
}

/** Lets the units of the first layer bend at random points of [0, 1]^2 instead of its corner, which speeds up the training. */
function bendInside(model: LayersModel): void {
  const first = model.getLayer('hidden_1');
  const rng = createRng('bends');
  tf.tidy(() => {
    const [kernel] = first.getWeights();
    const points = tf.tensor2d(
      Float32Array.from({ length: 2 * HIDDEN[0]! }, () => rng.uniform()),
      [2, HIDDEN[0]!],
    );
    first.setWeights([kernel!, tf.neg(tf.sum(tf.mul(kernel!, points), 0))]);
  });
}
