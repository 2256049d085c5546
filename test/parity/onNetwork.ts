import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { differentiate } from '../../src/classifier/differentiate';
import * as oc from '../../src/index';
import { type Network, withModel } from './fixtures';
import { type Numbers, read, values, weights } from './numbers';

/** Logits, and the numbers that are read from them. */
export function scores(network: Network): Promise<Numbers> {
  return withModel(network, async (model, { x }) => ({
    logits: await values(oc.classifier(model).logits(x)),
    confidences: Array.from(await oc.confidences(model, x)),
    logOdds: Array.from(await oc.logOdds(model, x)),
    predictions: Array.from(await oc.predictions(model, x)),
  }));
}

/** The gradient that attacks follow, at the images. */
export function inputGradient(network: Network): Promise<Numbers> {
  return withModel(network, (model, { x }) => {
    const net = oc.classifier(model);
    const gradient = tf.grad((z: tf.Tensor) => tf.sum(oc.lpOut(net.logits(z))));
    return read(() => ({ gradient: differentiate('inputGradient', () => gradient(x)) }));
  });
}

/** What an attack on the images found. */
export function attack(network: Network, run: (model: LayersModel, x: tf.Tensor) => oc.AttackResult): Promise<Numbers> {
  return withModel(network, async (model, { x }) => {
    const { adversarial, objective } = run(model, x);
    return { adversarial: await values(adversarial), objective: await values(objective) };
  });
}

/** What an attack finds on the vectors of a network as volumes of one channel: tensors of rank 5, of which webgl selects none. */
export function attackOnVolumes(network: Network): Promise<Numbers> {
  return withModel(network, (model, { x }) => {
    const [batch, size] = x.shape as [number, number];
    const vectors = oc.classifier(model);
    const net = oc.classifier((z) => vectors.logits(tf.reshape(z, [-1, size])), {
      inputShape: [size / 2, 2, 1, 1],
      classes: vectors.classes,
    });
    const volumes = tf.reshape(x, [batch, size / 2, 2, 1, 1]);
    return read(() => ({
      adversarial: oc.pgdL2(net, volumes, { epsilon: 0.1, steps: 2, seed: 6 }).adversarial,
    })).finally(() => volumes.dispose());
  });
}

/** One update of a model. */
export type Step = (model: LayersModel, optimizer: tf.Optimizer, data: oc.LabelledData) => oc.StepResult;

/** What a step saw, and by how much it changed every weight at a learning rate of 1: the gradient and batch-norm's averages. */
export function oneStep(network: Network, step: Step): Promise<Numbers> {
  return withModel(network, (model, data) =>
    withOptimizer(tf.train.sgd(1), async (optimizer) => {
      const before = await weights(model);
      const { loss, inLoss, outLoss, outConfidence } = step(model, optimizer, data);
      const found: Record<string, number[]> = {
        loss: await values(loss),
        inLoss: await values(inLoss),
        outLoss: await values(outLoss),
        outConfidence: await values(outConfidence),
      };
      for (const [i, weight] of (await weights(model)).entries())
        found[`change of weight ${i}`] = weight.map((value, j) => value - before[i]![j]!);
      return found;
    }),
  );
}

async function withOptimizer<T>(optimizer: tf.Optimizer, work: (optimizer: tf.Optimizer) => Promise<T>): Promise<T> {
  try {
    return await work(optimizer);
  } finally {
    optimizer.dispose();
    // tfjs forgets the tensor of momentum's learning rate.
    tf.dispose(Reflect.get(optimizer, 'c') as tf.Tensor);
  }
}

/**
 * Weights after a short CEDA training, and how far from them a training ends that was stopped in the middle and resumed:
 * 0, bit for bit, on every backend.
 */
export async function fitAndResume(network: Network): Promise<Numbers> {
  let saved: Uint8Array | undefined;
  const checkpoint: oc.CheckpointStore = {
    read: async () => saved,
    write: async (bytes) => {
      saved = bytes.slice();
    },
  };
  const whole = await shortFit(network, {});
  const stop = new AbortController();
  await shortFit(network, { checkpoint, signal: stop.signal, onStep: ({ done }) => done === 4 && stop.abort() });
  const resumed = await shortFit(network, { checkpoint });
  return { ...whole, 'resumed minus whole': resumed.weights.map((value, i) => value - whole.weights[i]!) };
}

function shortFit(network: Network, how: oc.FitOptions): Promise<{ weights: number[]; loss: number[] }> {
  return withModel(network, (model, data) =>
    withOptimizer(tf.train.momentum(0.05, 0.9), async (optimizer) => {
      try {
        const { epochs } = await oc.fit(model, data, {
          method: 'ceda',
          epochs: 2,
          batchSize: 2,
          optimizer,
          seed: 6,
          ...how,
        });
        return { weights: (await weights(model)).flat(), loss: epochs.map(({ loss }) => loss) };
      } catch (error) {
        if (how.signal?.aborted) return { weights: [], loss: [] };
        throw error;
      }
    }),
  );
}

/** The scores behind Table 1 for one network. */
export function tableOne(network: Network): Promise<Numbers> {
  return withModel(network, async (model, data) => {
    const attackSettings = { epsilon: 0.1, stepSize: 0.04, steps: 3 };
    const { rows, testError } = await oc.evaluateOod(model, {
      in: data,
      adversarialNoise: attackSettings,
      adversarialSamples: attackSettings,
      keepScores: true,
      seed: 7,
    });
    const logOdds = rows.map(({ name, scores: all }) => [`logOdds of ${name}`, all!.logOdds] as const);
    return { testError: [testError], ...Object.fromEntries(logOdds) };
  });
}
