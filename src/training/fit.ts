import * as tf from '@tensorflow/tfjs-core';
import { defaultEpsilon } from '../attacks/attackDefaults';
import type { DataLike } from '../classifier/labelledData';
import { rowLogOdds } from '../classifier/logOdds';
import { argMax, readLogits } from '../classifier/readLogits';
import type { Classifier, LabelledData, ModelLike } from '../classifier/types';
import type { Batches } from '../core/batches';
import type { Bounds } from '../core/bounds';
import { checkNonNegative, refuse } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import { readLabels } from '../core/labels';
import { nextTask, throwIfAborted } from '../core/pausing';
import { progressClock } from '../core/progress';
import { createRng, type Rng } from '../core/rng';
import { acetGradientsOf } from './acetStep';
import type { MethodGradients } from './applyStep';
import { cedaGradientsOf } from './cedaStep';
import { checkFit, type Loop } from './checkFit';
import { type Feed, feedOf } from './feed';
import { type Position, type RunState, restoreRun, saveRun } from './fitCheckpoint';
import type { EpochRecord, FitMethod, FitOptions, History, ValidationRecord } from './fitTypes';
import { goodGradientsOf } from './good/goodStep';
import { checkSlots, learningRate, setLearningRate } from './optimizerState';
import { paperSchedule } from './paperSchedule';
import { plainGradientsOf } from './plainStep';
import { type RunSettings, runSettings } from './runSettings';
import type { StepResult } from './types';

/**
 * Trains a model by plain training, CEDA or ACET, as the paper does, or by GOOD: shuffled whole batches, learning rate divided by 10 at
 * 50, 75 and 90 % of the epochs, weight decay, optional augmentation.
 *
 * All randomness (order, noise, attacks, augmentation, dropout) comes from `seed`, by epoch and step. With a `checkpoint`, a run
 * that was stopped anywhere goes on where it was and ends with the same weights, bit for bit on the same backend, as if it
 * had never stopped; calling `fit` again with the same arguments is all it takes. The event loop gets a turn after each step.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param data - All training data: `x` (or `xs`) `[N, ...inputShape]` inside the bounds, `y` (or `ys`) class indices `[N]` or
 *   one-hot `[N, K]`. Or a stream of batches of such, so that not all need be in memory: a tf.data Dataset or an async iterable
 *   that can be read again for every epoch, with `stepsPerEpoch`. It is read in its own order, so shuffle it before; each batch is one
 *   step, checked when it comes, taken over and disposed. One that ends early is refused.
 * @returns One record per epoch. The optimizer's learning rate is as it was before.
 * @throws OverconfidenceError as {@link acetGradients} and `INVALID_OPTION` for the loop's options, before any work;
 *   `INVALID_CHECKPOINT` for a damaged checkpoint, or one of a run with other data or settings, naming the first that differs
 *   (functions of your own, of which only the presence is known, excepted); `NON_FINITE`, naming the step, when a loss or a
 *   gradient is not finite, which is looked at before every checkpoint and at the end of each epoch; `ABORTED` by the signal,
 *   after a last checkpoint.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-layers';
 * import { tensor1d, tensor2d } from '@tensorflow/tfjs-core';
 * import { fit } from 'relu-overconfidence';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
 * const data = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 1], 'int32') };
 * const history = await fit(model, data, { method: 'ceda', epochs: 4, batchSize: 2, seed: 1 });
 * console.log(history.epochs.at(-1)?.inLoss);
 * ```
 */
export async function fit(
  model: ModelLike,
  data: DataLike | Batches<DataLike>,
  options: FitOptions = {},
): Promise<History> {
  const loop = checkFit(model, data, options);
  const given = options.optimizer === 'adam' ? undefined : options.optimizer;
  const optimizer = given ?? tf.train.adam(1e-3);
  const baseRate = learningRate(optimizer);
  const means = runningMeans();
  try {
    checkSlots('fit', optimizer, loop.net.variables);
    const settings = await runSettings(loop, options, optimizer);
    return await train({ options, loop, optimizer, baseRate, means, settings });
  } finally {
    tf.dispose(means.sums);
    setLearningRate(optimizer, baseRate);
    if (given === undefined) optimizer.dispose();
  }
}

const GRADIENTS: Readonly<Record<FitMethod, MethodGradients>> = {
  plain: plainGradientsOf,
  ceda: cedaGradientsOf,
  acet: acetGradientsOf,
  good: goodGradientsOf,
};

/** All that one training needs, checked. */
interface Training {
  readonly options: FitOptions;
  readonly loop: Loop;
  readonly optimizer: tf.Optimizer;
  readonly baseRate: number;
  readonly means: RunningMeans;
  readonly settings: RunSettings;
}

/** The loop of {@link fit}: resumes, steps, records, saves. */
async function train(training: Training): Promise<History> {
  const { options, loop, optimizer, baseRate } = training;
  const { epochs, stepsPerEpoch } = loop;
  const rng = createRng(options.seed ?? 0);
  const { step: first, history } = await resume(training);
  const records = [...history];
  const total = epochs * stepsPerEpoch;
  const clock = progressClock(total, first);
  const feed = feedOf(loop, rng, options.signal);
  try {
    for (let step = first; step < total; step++) {
      const epoch = Math.floor(step / stepsPerEpoch);
      await stopIfAborted(training, { step, history: records });
      const factor = (options.schedule ?? paperSchedule)(epoch / epochs);
      checkNonNegative({ fn: 'fit', argument: 'schedule' }, factor);
      setLearningRate(optimizer, baseRate * factor);
      const clean = await nextBatch(training, feed, { step, history: records });
      oneStep(training, rng, step, clean);
      const done = step + 1;
      const ends = done % stepsPerEpoch === 0;
      if (ends || done % loop.checkpointEvery === 0) await checkFinite(training, done);
      if (ends) {
        records.push(await closeEpoch(training, epoch));
        options.onEpoch?.(records.at(-1)!);
      }
      if (ends || done % loop.checkpointEvery === 0) await save(training, { step: done, history: records });
      options.onStep?.(clock(done, `epoch ${epoch + 1} of ${epochs}`));
      await nextTask();
    }
  } finally {
    await feed.close();
  }
  return { method: loop.method, epochs: records };
}

/** The batch of the step that is next; an abort while it is waited for ends the training as one between steps does. */
async function nextBatch(training: Training, feed: Feed, position: Position): Promise<LabelledData> {
  try {
    return await feed.batch(position.step);
  } catch (error) {
    await stopIfAborted(training, position);
    throw error;
  }
}

/** Augments a batch, differentiates, updates and disposes it. Every random number is named by epoch and step. */
function oneStep({ options, loop, optimizer, means }: Training, rng: Rng, step: number, clean: LabelledData): void {
  const { net, method, stepsPerEpoch } = loop;
  const stream = rng.fork('step').fork(step);
  try {
    tf.tidy(() => {
      const { augmentation } = options;
      const x = augmentation === undefined ? clean.x : augmented(net, clean.x, augmentation(clean.x, stream));
      const { grads, ...seen } = GRADIENTS[method](
        'fit',
        net,
        { x, y: clean.y },
        {
          ...options,
          ...(method === 'good' && ramped(options, net.bounds, step / (loop.epochs * stepsPerEpoch))),
          rng: stream,
        },
      );
      try {
        optimizer.applyGradients(grads);
        means.add(seen, grads);
      } finally {
        tf.dispose([grads, seen]);
      }
    });
  } finally {
    tf.dispose([clean.x, clean.y]);
  }
}

/** What an augmentation, which may be anybody's function, made of a batch: as many inputs, inside the bounds. */
function augmented(net: Classifier, clean: tf.Tensor, made: tf.Tensor): tf.Tensor {
  const where = { fn: 'fit', argument: 'augmentation' };
  checkBatch(where, made, net.inputShape);
  if (made.shape[0] !== clean.shape[0])
    refuse(
      where,
      'INVALID_SHAPE',
      `a function that returns as many images as it is given, ${clean.shape[0]}`,
      String(made.shape[0]),
      'Change the images, and leave their number and their order to fit.',
    );
  checkInBounds(where, made, net.bounds);
  return made;
}

/** The settings of GOOD when a share of the training is done. */
function ramped(options: FitOptions, bounds: Bounds, done: number) {
  const { epsilon = defaultEpsilon(bounds), lambda = 1, ramp = slowStart } = options;
  const factor = ramp(done);
  checkNonNegative({ fn: 'fit', argument: 'ramp' }, factor);
  return { epsilon: factor * epsilon, lambda: factor * lambda };
}

function slowStart(done: number): number {
  return Math.min(1, 2 * done);
}

async function closeEpoch({ loop, optimizer, means }: Training, epoch: number): Promise<EpochRecord> {
  const [loss, inLoss, outLoss, outConfidence] = Array.from(await means.sums.data(), (sum) => sum / loop.stepsPerEpoch);
  tf.tidy(() => means.sums.assign(tf.zerosLike(means.sums)));
  const withNoise = loop.method !== 'plain';
  return {
    epoch,
    learningRate: learningRate(optimizer),
    loss: loss!,
    inLoss: inLoss!,
    outLoss: withNoise ? outLoss! : null,
    outConfidence: withNoise ? outConfidence! : null,
    validation: loop.validation === undefined ? null : await validate('fit', loop.net, loop.validation),
  };
}

function stateOf({ loop, optimizer, means }: Training): RunState {
  return { net: loop.net, optimizer, sums: means.sums };
}

async function resume(training: Training): Promise<Position> {
  const bytes = await training.loop.store?.read();
  if (bytes === undefined) return { step: 0, history: [] };
  return restoreRun('fit', bytes, training.settings, stateOf(training));
}

async function save(training: Training, position: Position): Promise<void> {
  const { store } = training.loop;
  if (store === undefined) return;
  await store.write(await saveRun(training.settings, position, stateOf(training)));
}

/** Stops before a ruined run overwrites the checkpoint of a sound one; `done` steps have been made. */
async function checkFinite({ loop, means }: Training, done: number): Promise<void> {
  const since = (await means.sums.data())[SINCE_BAD]!;
  if (since === 0) return;
  const bad = done - since + 1;
  refuse(
    { fn: 'fit', argument: 'optimizer' },
    'NON_FINITE',
    'such that losses and gradients stay finite',
    `NaN or an infinite number in the loss or the gradients of step ${bad} of ${loop.epochs * loop.stepsPerEpoch}`,
    `Lower the learning rate and start again from fresh weights${
      loop.store === undefined ? '' : '; the last checkpoint is from before that step'
    }. If that does not help, look for a layer or a loss of your own with an infinite gradient.`,
  );
}

async function stopIfAborted(training: Training, position: Position): Promise<void> {
  if (!training.options.signal?.aborted) return;
  await checkFinite(training, position.step);
  await save(training, position);
  throwIfAborted('fit', training.options.signal);
}

/** Where the sums count the steps since the first whose loss or gradients were not finite, that one included. */
const SINCE_BAD = 4;

/** Sums over an epoch of a step's four scalars, and {@link SINCE_BAD}, kept on the device so that no step waits for a read. */
interface RunningMeans {
  readonly sums: tf.Variable;
  readonly add: (seen: StepResult, grads: tf.NamedTensorMap) => void;
}

/** Starts at zero; `sums` is owned by whoever calls this. */
function runningMeans(): RunningMeans {
  const sums = tf.tidy(() => tf.variable(tf.zeros([SINCE_BAD + 1]), false));
  const add = ({ loss, inLoss, outLoss, outConfidence }: StepResult, grads: tf.NamedTensorMap) => {
    // Zero times a number is zero if the number is finite, and NaN, which is not equal to itself, if it is not.
    const zero = tf.addN(
      [loss, ...Object.values(grads).map((grad) => tf.sum(tf.mul(grad, 0)))].map((t) => tf.mul(t, 0)),
    );
    const bad = tf.cast(tf.notEqual(zero, zero), 'float32');
    const before = tf.gather(sums, [SINCE_BAD]);
    const isBad = tf.maximum(tf.minimum(tf.sum(before), 1), bad);
    sums.assign(tf.add(sums, tf.stack([loss, inLoss, outLoss, outConfidence, isBad])));
  };
  return { sums, add: (seen, grads) => tf.tidy(() => add(seen, grads)) };
}

/** Error, cross entropy and confidence on held-out data, in float64 from the logits. */
async function validate(fn: string, net: Classifier, { x, y }: LabelledData): Promise<ValidationRecord> {
  const { values, classes, count, head } = await readLogits(fn, net, x, {});
  const labels = await readLabels({ fn, argument: 'y' }, y, classes, count);
  let [wrong, loss, confidence] = [0, 0, 0];
  for (let row = 0; row < count; row++) {
    const at = row * classes;
    const top = argMax(values, at, classes);
    const logConfidence = -softplus(-rowLogOdds(values, at, classes, head));
    if (top !== labels[row]) wrong++;
    if (head === 'softmax') loss -= values[at + labels[row]!]! - values[at + top]! + logConfidence;
    else for (let k = 0; k < classes; k++) loss += softplus(k === labels[row] ? -values[at + k]! : values[at + k]!);
    confidence += Math.exp(logConfidence);
  }
  return { error: wrong / count, loss: loss / count, meanMaxConfidence: confidence / count };
}

/** log(1 + exp z), never overflowing. */
function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}
