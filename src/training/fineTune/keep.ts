import * as tf from '@tensorflow/tfjs-core';
import { attackName } from '../../attacks/attackTable';
import { isPair } from '../../core/bounds';
import { lossName } from '../../losses/headLosses';
import { decodeCheckpoint, encodeCheckpoint, refuseOtherRun, type SavedArray } from '../fitCheckpoint';
import { optimizerVariables, restoreOptimizer } from '../optimizerState';
import { checksumOf, firstDifference, layersChecksum, type RunSettings } from '../runSettings';
import type { FineTuneTask } from './checkFineTune';
import type { FineTuneMeasurement, FineTuneRecord } from './types';
import { separation } from './verdict';

/** How far a fine-tuning has come: plain data. */
export interface Position {
  /** Updates made. */
  readonly update: number;
  readonly plan: Cooling;
  readonly checks: readonly FineTuneRecord[];
  /** The model as it came: its numbers, and which examples it has wrong. */
  readonly before: FineTuneMeasurement;
  readonly wrongBefore: readonly number[];
  /** Sums of the two losses since the last measurement. */
  readonly sums: readonly [inLoss: number, outLoss: number];
}

/** Tensors that a fine-tuning changes. */
export interface Kept {
  readonly variables: readonly tf.Variable[];
  /** The best weights met. */
  readonly best: readonly tf.Variable[];
  readonly optimizer: tf.Optimizer;
  /** What the source of the examples remembers. */
  readonly memory: readonly tf.Variable[];
}

type Facts = Position & {
  readonly settings: RunSettings;
  readonly iterations: number;
  readonly fields: readonly string[];
};

/** What a checkpoint is known by: every setting that changes what a fine-tuning ends with. */
export async function settingsOf({ net, data, variables, options }: FineTuneTask): Promise<RunSettings> {
  const { method, layers, updates, batchSize, noiseSize, learningRate, tolerance, checkEvery, lambda, weightDecay } =
    options;
  const { matching, steps, attack, outLoss, epsilon, stepSize, noise, samples, validation, seed } = options;
  const own = 'a function of the caller';
  return {
    program: 'fineTune',
    ...{
      method,
      layers,
      updates,
      batchSize,
      noiseSize,
      learningRate,
      tolerance,
      checkEvery,
      lambda,
      weightDecay,
      matching,
      steps,
    },
    attack: attackName(attack) ?? own,
    outLoss: lossName(outLoss) ?? own,
    epsilon: epsilon ?? null,
    stepSize: stepSize ?? null,
    noise: noise === undefined ? 'paperNoise' : own,
    samples: samples ?? null,
    classWeights: options.classWeights?.join(' ') ?? null,
    validation: typeof validation === 'object' ? 'data' : (validation ?? null),
    seed: seed ?? 0,
    head: net.head ?? 'softmax',
    bounds: isPair(net.bounds) ? net.bounds.join(' to ') : JSON.stringify(net.bounds),
    'shape of x': `[${data.x.shape}]`,
    'checksum of examples': await checksumOf(data),
    'variables that learn': variables.map(({ shape }) => `[${shape}]`).join(' '),
    'checksum of the layers’ settings': net.layersModel === undefined ? null : layersChecksum(net.layersModel),
  };
}

/** Everything as bytes. */
export async function saveState(settings: RunSettings, position: Position, kept: Kept): Promise<Uint8Array> {
  const { variables, best, optimizer, memory } = kept;
  const slots = optimizerVariables(optimizer);
  const named = Object.entries({ weights: variables, best, memory, ...slots }).flatMap(([name, list]) =>
    list.map((variable) => ({ name, variable })),
  );
  const arrays = await Promise.all(
    named.map(
      async ({ name, variable }): Promise<SavedArray> => ({
        name,
        shape: variable.shape,
        values: Float32Array.from(await variable.data()),
      }),
    ),
  );
  const facts: Facts = { ...position, settings, iterations: optimizer.iterations, fields: Object.keys(slots) };
  return encodeCheckpoint({ facts, arrays });
}

/** Puts a saved state back; refuses that of another run before anything is changed. */
export function restoreState(
  bytes: Uint8Array,
  settings: RunSettings,
  { variables, best, optimizer, memory }: Kept,
): Position {
  const { facts, arrays } = decodeCheckpoint<Facts>('fineTune', bytes);
  const difference = firstDifference(settings, facts.settings);
  if (difference !== undefined) {
    const [name, ours, theirs] = difference;
    refuseOtherRun('fineTune', `a run with ${name} ${ours}`, `that of one with ${name} ${theirs}`);
  }
  tf.tidy(() => {
    const tensorsOf = (name: string) =>
      arrays.filter((array) => array.name === name).map(({ values, shape }) => tf.tensor(values, [...shape]));
    const assign = (list: readonly tf.Variable[], values: readonly tf.Tensor[]) => {
      for (const [i, variable] of list.entries()) variable.assign(values[i]!);
    };
    assign(variables, tensorsOf('weights'));
    assign(best, tensorsOf('best'));
    assign(memory, tensorsOf('memory'));
    restoreOptimizer(
      optimizer,
      Object.fromEntries(facts.fields.map((field) => [field, tensorsOf(field)])),
      variables.map(({ name }) => name),
      facts.iterations,
    );
  });
  const { update, plan, checks, before, wrongBefore, sums } = facts;
  return { update, plan, checks, before, wrongBefore, sums };
}

/** Updates in which the learning rate rises. */
const WARM_UP = 10;
/** Share of all updates after which it begins to fall. */
const STEADY = 0.6;
/** Measurements without a gain of so much after which it falls earlier, for a time in this proportion to that before. */
const [PATIENCE, GAIN, COOLING] = [5, 0.01, 0.5];

/** When the learning rate begins to fall, and when it is zero: updates. */
interface Cooling {
  readonly from: number;
  readonly until: number;
}

/** The plan at the start. */
export function firstPlan(updates: number): Cooling {
  return { from: Math.floor(STEADY * updates), until: updates };
}

/** Factor of the learning rate at an update, counted from 0. */
export function rateAt(update: number, { from, until }: Cooling): number {
  const warm = Math.min(1, (update + 1) / WARM_UP);
  return update < from ? warm : warm * ((until - update) / (until - from));
}

/** The plan after another measurement: the end comes earlier where the last few have brought nothing. */
export function planAfter(checks: readonly FineTuneRecord[], plan: Cooling): Cooling {
  const { update } = checks.at(-1)!;
  if (update >= plan.from || checks.length <= PATIENCE) return plan;
  const best = (list: readonly FineTuneRecord[]) => Math.max(...list.map(separation));
  if (best(checks.slice(-PATIENCE)) - best(checks.slice(0, -PATIENCE)) >= GAIN) return plan;
  return { from: update, until: Math.min(plan.until, update + Math.max(1, Math.round(COOLING * update))) };
}
