import * as tf from '@tensorflow/tfjs-core';
import { divide } from '../../classifier/divide';
import type { DataLike } from '../../classifier/labelledData';
import type { ModelLike } from '../../classifier/types';
import { refuse } from '../../core/check';
import { nextTask, throwIfAborted } from '../../core/pausing';
import { progressClock } from '../../core/progress';
import { createRng, type Rng } from '../../core/rng';
import { setLearningRate } from '../optimizerState';
import { checkFineTune, type FineTuneTask } from './checkFineTune';
import { firstPlan, type Kept, type Position, planAfter, rateAt, restoreState, saveState, settingsOf } from './keep';
import { type Answers, answersWith, assign, withMixtures } from './match';
import { type Meter, meterOf } from './measure';
import { featureSource, imageSource, type Source } from './source';
import { type Split, splitData } from './split';
import { type GradientSum, summedGradients } from './summedGradients';
import type { FineTuneOptions, FineTuneRecord, FineTuneResult } from './types';
import { isAllowed, isBetter, isChance, riseOf, verdictOf } from './verdict';

const fn = 'fineTune';

/** Steps of the attack before and after, and on the way. */
const [LONG_ATTACK, SHORT_ATTACK] = [50, 20];

/**
 * Makes a trained model less sure of noise, and no worse on its data, or leaves it as it was: the recipe for a model that people
 * have. {@link fit} is the paper's method for training from scratch.
 *
 * It minimises the objective of ACET or CEDA (equations (2) and (1) of arXiv 1812.05720),
 *
 *     (mean_i CE(f(x_i), y_i) + lambda * mean_j max_{|u - z_j|_inf <= epsilon} outLoss(f(u))) / (1 + lambda)
 *
 * and departs from the paper where a model that is sure already needs it; each of these is an option:
 *
 * - `outLoss` is the log-odds `log(p / (1 - p))` of the confidence p ({@link maxLogOdds}) and not its logarithm. Both fall
 *   together, but the gradient of log p is proportional to 1 - p and vanishes where an attack has brought p to 1, so that a
 *   training that slips there has no way back.
 * - `attack` is {@link maxConfidenceAttack} with 5 `steps`.
 * - `lambda` is 0.3, and each update sees four times as many examples as noise images, which keeps what the model knows of its data.
 * - `matching` is 0.5: half of the examples are mixtures of two, with what the model answered before for labels. The data at hand are often
 *   fewer than those that the model has learnt from, and this holds it between them.
 * - `weightDecay` is 0: it takes a trained model away from what it has learnt.
 * - The model runs as it is used, in inference mode: batch normalisation keeps its statistics, nothing is dropped out.
 * - One optimizer, Adam, from the first update to the last: ten updates of warming up, a constant rate, and a linear descent
 *   to zero, which begins earlier when the last five measurements have brought nothing.
 * - With `layers: 'head'` the features of the data and of the noise are computed once; attacks go through the whole model, ten
 *   times on the way, and what they find is kept: half of the noise of an update is plain, half any of that.
 * - Updates are counted, not epochs, so that small data get as many as large ones.
 *
 * A part of the data is never trained on. On it, and on noise made of it, the model is measured before, on the way and after. The weights that are kept are those, among all measured whose error has risen by no more than `tolerance` beyond
 * one standard error of the rise, with the greatest distance between the confidence on the data and the mean of those on noise
 * and on attacked noise. If there are none, or that distance has grown by less than 0.02, the model is left as it was (or not,
 * with `force`), and the result says why.
 *
 * @param model - A model with trainable variables; they are updated in place.
 * @param data - `x` (or `xs`) `[N, ...inputShape]` inside the bounds; `y` (or `ys`) class indices `[N]` or one-hot `[N, K]`.
 * @returns What was measured, whether it is an improvement, and why.
 * @throws OverconfidenceError as {@link acetGradients}, and `INVALID_OPTION` for the other options, before any work;
 *   `INVALID_CHECKPOINT`; `NON_FINITE` where the loss is not finite; `ABORTED`. Then the model is as it was before.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { tensor1d } from '@tensorflow/tfjs-core';
 * import { fineTune, fit, uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [4], hidden: [16], classes: 2, seed: 1 });
 * const x = uniformNoise([100, 4], { seed: 1 });
 * const y = tensor1d(Array.from(await x.data()).filter((_, i) => i % 4 === 0).map((value) => Number(value > 0.5)));
 * await fit(model, { x, y }, { method: 'plain', epochs: 20, batchSize: 20 });
 *
 * const { outcome, reason } = await fineTune(model, { x, y }, { epsilon: 0.05, updates: 40, seed: 1 });
 * console.log(outcome, reason);
 * ```
 */
export async function fineTune(
  model: ModelLike,
  data: DataLike,
  options: FineTuneOptions = {},
): Promise<FineTuneResult> {
  const task = checkFineTune(model, data, options);
  const { net, variables } = task;
  const { layers, learningRate, seed = 0, memory } = task.options;
  const rng = createRng(seed);
  const split = await splitData(fn, net, task.data, options.validation, rng.fork('held out'));
  const copies = () => variables.map((variable) => tf.tidy(() => tf.variable(tf.clone(variable), false)));
  const [original, best] = [copies(), copies()];
  const optimizer = tf.train.adam(learningRate);
  const divided = layers === 'all' ? undefined : divide(net, variables);
  let meter: Meter | undefined;
  let source: Source | undefined;
  let done = false;
  try {
    meter = await meterOf(task, split, divided);
    source =
      divided === undefined ? imageSource(task, split.rows, rng) : await featureSource(task, divided, split.rows, rng);
    const kind = `training ${layers}${divided === undefined ? '' : ' on features'}`;
    const gradients = summedGradients(fn, source.learner, kind, memory);
    const answers = answersWith(original, source.learner, kind, memory);
    const kept: Kept = { variables, best, optimizer, memory: source.memory };
    const result = await run({ task, split, meter, rng, kept, source, gradients, answers });
    done = result.improved || options.force === true;
    return result;
  } finally {
    assign(variables, done ? best : original);
    meter?.dispose();
    source?.dispose();
    split.dispose();
    tf.dispose([original, best]);
    optimizer.dispose();
  }
}

/** All that one fine-tuning needs. */
interface Run {
  readonly task: FineTuneTask;
  readonly split: Split;
  readonly meter: Meter;
  readonly rng: Rng;
  readonly kept: Kept;
  readonly source: Source;
  readonly gradients: GradientSum;
  /** What the model answered as it came. */
  readonly answers: Answers;
}

/** Trains and judges; the best weights met are left in `kept.best`. */
async function run(all: Run): Promise<FineTuneResult> {
  const { task, split, meter, kept, gradients } = all;
  const { net, options, store } = task;
  const { signal, tolerance, updates, checkEvery, checkpointEvery, learningRate } = options;
  const settings = await settingsOf(task);
  const bytes = await store?.read();
  let position = bytes === undefined ? await begin(meter, updates) : restoreState(bytes, settings, kept);
  const examples = { training: split.rows.length, validation: split.labels.length };
  const { before } = position;
  if (options.force !== true && isChance(split.labels, before.error, net.classes))
    return {
      ...{
        outcome: 'chance',
        improved: false,
        before,
        after: before,
        checks: [],
        updates: 0,
        best: 0,
        parts: 1,
        examples,
      },
      reason: `The model has ${(100 * before.error).toFixed(1)} % of the validation data wrong, no better than a guess: are these its classes, in its order? A model that has not been trained yet is trained by fit.`,
    };
  const save = async () => store?.write(await saveState(settings, position, kept));
  const clock = progressClock(updates, position.update);
  while (position.update < position.plan.until) {
    if (signal?.aborted) await save();
    throwIfAborted(fn, signal);
    position = await advance(all, position);
    if (position.update % checkEvery === 0 || position.update === position.plan.until) {
      const { numbers, wrong } = await meter.measure(SHORT_ATTACK);
      const rise = riseOf(Uint8Array.from(position.wrongBefore), wrong);
      const since = position.update - (position.checks.at(-1)?.update ?? 0);
      const record: FineTuneRecord = {
        update: position.update,
        learningRate: learningRate * rateAt(position.update - 1, position.plan),
        ...numbers,
        inLoss: position.sums[0] / since,
        outLoss: position.sums[1] / since,
        rise,
        allowed: isAllowed(rise, tolerance),
      };
      if (isBetter(record, bestOf(position.checks))) assign(kept.best, kept.variables);
      const checks = [...position.checks, record];
      position = { ...position, checks, sums: [0, 0], plan: planAfter(checks, position.plan) };
      options.onCheck?.(record);
      await save();
    } else if (position.update % checkpointEvery === 0) await save();
    options.onStep?.({ ...clock(position.update, 'updates'), total: position.plan.until });
    await nextTask();
  }
  assign(kept.variables, kept.best);
  const best = bestOf(position.checks)!;
  const { numbers: after } = await meter.measure(LONG_ATTACK);
  const verdict = verdictOf(before, after, best, tolerance);
  return {
    ...verdict,
    improved: verdict.outcome === 'improved',
    before,
    after,
    checks: position.checks,
    updates: position.update,
    best: best.update,
    parts: gradients.parts(),
    examples,
  };
}

async function begin(meter: Meter, updates: number): Promise<Position> {
  const { numbers, wrong } = await meter.measure(LONG_ATTACK);
  return { update: 0, plan: firstPlan(updates), checks: [], before: numbers, wrongBefore: [...wrong], sums: [0, 0] };
}

/** One update. */
async function advance({ task, source, kept, gradients, answers, rng }: Run, position: Position): Promise<Position> {
  const { update, plan, sums } = position;
  const { learningRate, lambda, weightDecay, classWeights, outLoss, matching } = task.options;
  const { classes } = task.net;
  setLearningRate(kept.optimizer, learningRate * rateAt(update, plan));
  const losses = tf.tidy(() => {
    const batch = source.batch(update);
    const count = Math.round(matching * batch.clean.x.shape[0]!);
    const mixtures = { count, classes, answers, rng: rng.fork('mixtures').fork(update) };
    const clean = count === 0 ? batch.clean : withMixtures(batch.clean, mixtures);
    const terms = { ...batch, clean, soft: count > 0, lambda, weightDecay, classWeights, outLoss, rng };
    const { grads, ...seen } = gradients.of(terms);
    try {
      kept.optimizer.applyGradients(grads);
      return tf.stack([seen.inLoss, seen.outLoss]);
    } finally {
      // They are kept beyond the end of a tidy.
      tf.dispose([grads, seen]);
    }
  });
  const [inLoss, out] = (await losses.data()) as Float32Array;
  losses.dispose();
  if (!Number.isFinite(inLoss! + out!))
    refuse(
      { fn, argument: 'learningRate' },
      'NON_FINITE',
      'such that losses stay finite',
      `NaN or an infinite loss in update ${update + 1}`,
      'Lower it; the model is as it was before.',
    );
  return { ...position, update: update + 1, sums: [sums[0] + inLoss!, sums[1] + out!] };
}

function bestOf(checks: readonly FineTuneRecord[]): FineTuneRecord | undefined {
  let best: FineTuneRecord | undefined;
  for (const record of checks) if (isBetter(record, best)) best = record;
  return best;
}
