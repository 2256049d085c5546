import * as tf from '@tensorflow/tfjs-core';
import { defaultEpsilon } from '../attacks/attackDefaults';
import type { Classifier, LabelledData } from '../classifier/types';
import { throwIfAborted } from '../core/abort';
import { refuse } from '../core/check';
import { nextTask } from '../core/nextTask';
import { progressClock } from '../core/progress';
import { createRng, type Rng } from '../core/rng';
import { acetGradientsOf } from './acetGradients';
import type { MethodGradients } from './applyStep';
import { cedaGradientsOf } from './cedaGradients';
import type { Loop } from './checkFit';
import { type Position, type RunIdentity, restoreRun, saveRun } from './fitCheckpoint';
import type { EpochRecord, FitMethod, FitOptions, History } from './fitTypes';
import { goodGradientsOf } from './good/goodGradients';
import { learningRate, setLearningRate } from './optimizerState';
import { paperSchedule } from './paperSchedule';
import { plainGradientsOf } from './plainGradients';
import type { RunningMeans } from './runningMeans';

import { validate } from './validate';

const GRADIENTS: Readonly<Record<FitMethod, MethodGradients>> = {
  plain: plainGradientsOf,
  ceda: cedaGradientsOf,
  acet: acetGradientsOf,
  good: goodGradientsOf,
};

/** All that one training needs, checked. */
interface Training {
  readonly net: Classifier;
  readonly data: LabelledData;
  readonly options: FitOptions;
  readonly loop: Loop;
  readonly optimizer: tf.Optimizer;
  readonly baseRate: number;
  readonly means: RunningMeans;
}

/** The loop of {@link fit}: resumes, steps, records, saves. */
export async function train(training: Training): Promise<History> {
  const { options, loop, optimizer, baseRate } = training;
  const { epochs, stepsPerEpoch } = loop;
  const rng = createRng(options.seed ?? 0);
  const { step: first, history } = await resume(training);
  const records = [...history];
  const total = epochs * stepsPerEpoch;
  const clock = progressClock(total, first);
  for (let step = first; step < total; step++) {
    const epoch = Math.floor(step / stepsPerEpoch);
    await stopIfAborted(training, { step, history: records });
    setLearningRate(optimizer, baseRate * (options.schedule ?? paperSchedule)(epoch / epochs));
    oneStep(training, rng, step);
    const done = step + 1;
    if (done % stepsPerEpoch === 0) {
      records.push(await closeEpoch(training, epoch));
      options.onEpoch?.(records.at(-1)!);
    }
    if (done % loop.checkpointEvery === 0 || done % stepsPerEpoch === 0)
      await save(training, { step: done, history: records });
    options.onStep?.(clock(done, `epoch ${epoch + 1} of ${epochs}`));
    await nextTask();
  }
  return { method: loop.method, epochs: records };
}

/** Draws the step's batch, augments it, differentiates and updates. Every random number is named by epoch and step. */
function oneStep({ net, data, options, loop, optimizer, means }: Training, rng: Rng, step: number): void {
  const { method, batchSize, stepsPerEpoch } = loop;
  const order = rng
    .fork('order')
    .fork(Math.floor(step / stepsPerEpoch))
    .permutation(data.x.shape[0]!);
  const start = (step % stepsPerEpoch) * batchSize;
  const stream = rng.fork('step').fork(step);
  tf.tidy(() => {
    const picked = tf.tensor1d(order.subarray(start, start + batchSize), 'int32');
    const clean = tf.gather(data.x, picked);
    const x = options.augmentation?.(clean, stream) ?? clean;
    const { grads, ...seen } = GRADIENTS[method](
      'fit',
      net,
      { x, y: tf.gather(data.y, picked) },
      {
        ...options,
        ...(method === 'good' && ramped(options, net.bounds, step / (loop.epochs * stepsPerEpoch))),
        rng: stream,
      },
    );
    optimizer.applyGradients(grads);
    means.add(seen);
    tf.dispose([grads, seen]);
  });
}

/** The settings of GOOD when a share of the training is done. */
function ramped(options: FitOptions, bounds: readonly [number, number], done: number) {
  const { epsilon = defaultEpsilon(bounds), lambda = 1, ramp = slowStart } = options;
  return { epsilon: ramp(done) * epsilon, lambda: ramp(done) * lambda };
}

function slowStart(done: number): number {
  return Math.min(1, 2 * done);
}

async function closeEpoch({ net, options, loop, optimizer, means }: Training, epoch: number): Promise<EpochRecord> {
  const [loss, inLoss, outLoss, outConfidence] = Array.from(await means.sums.data(), (sum) => sum / loop.stepsPerEpoch);
  tf.tidy(() => means.sums.assign(tf.zeros([4])));
  if (!Number.isFinite(loss))
    refuse(
      { fn: 'fit', argument: 'optimizer' },
      'NON_FINITE',
      'such that the loss stays finite',
      `a mean loss of ${loss} in epoch ${epoch}`,
      'Lower the learning rate, and start again from fresh weights.',
    );
  const withNoise = loop.method !== 'plain';
  return {
    epoch,
    learningRate: learningRate(optimizer),
    loss: loss!,
    inLoss: inLoss!,
    outLoss: withNoise ? outLoss! : null,
    outConfidence: withNoise ? outConfidence! : null,
    validation: options.validation === undefined ? null : await validate('fit', net, options.validation),
  };
}

function identity({ data, options, loop, optimizer }: Training): RunIdentity {
  const { method, epochs, batchSize, stepsPerEpoch } = loop;
  const { seed = 0 } = options;
  const examples = data.x.shape[0]!;
  return { method, seed, epochs, batchSize, stepsPerEpoch, examples, optimizer: optimizer.getClassName() };
}

async function resume(training: Training): Promise<Position> {
  const bytes = await training.loop.store?.read();
  if (bytes === undefined) return { step: 0, history: [] };
  return restoreRun('fit', bytes, identity(training), { ...training, sums: training.means.sums });
}

async function save(training: Training, position: Position): Promise<void> {
  const { store } = training.loop;
  if (store === undefined) return;
  await store.write(await saveRun(identity(training), position, { ...training, sums: training.means.sums }));
}

async function stopIfAborted(training: Training, position: Position): Promise<void> {
  if (!training.options.signal?.aborted) return;
  await save(training, position);
  throwIfAborted('fit', training.options.signal);
}
