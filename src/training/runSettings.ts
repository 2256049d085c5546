import * as tf from '@tensorflow/tfjs-core';
import { attackDefaults, defaultEpsilon } from '../attacks/attackDefaults';
import { attackName } from '../attacks/attackTable';
import { pgdLinf } from '../attacks/pgdLinf';
import type { Classifier, LabelledData } from '../classifier/types';
import { walkLayers } from '../classifier/walkGraph';
import { isPair } from '../core/bounds';
import { lossesOf, lossName } from '../losses/headLosses';
import { attackSettings } from './acetStep';
import type { Loop } from './checkFit';
import type { FitOptions } from './fitTypes';
import { paperSchedule } from './paperSchedule';

/** Every setting that changes what a training ends with, by the name that a message gives it; plain data. */
export type RunSettings = Readonly<Record<string, string | number | boolean | null>>;

/** How a function is called that cannot be told from another one in a later process. */
const OWN = 'a function of the caller';
/** How data are called that are not known before they come. */
const STREAM = 'a stream';
/** How many examples stand for all of them. */
const EXAMPLES = 64;

/**
 * What a checkpoint is known by. Functions of the library go by their names; any other is only known to be one, and so are
 * the functions and the variables of a model that is not a LayersModel. The backend, the validation data and what is called
 * back change nothing that is counted here.
 */
export async function runSettings(loop: Loop, options: FitOptions, optimizer: tf.Optimizer): Promise<RunSettings> {
  const { net, data, method, epochs, batchSize, stepsPerEpoch } = loop;
  const { seed = 0, weightDecay = 5e-4, lambda = 1, schedule = paperSchedule } = options;
  return {
    method,
    head: net.head ?? 'softmax',
    bounds: isPair(net.bounds) ? net.bounds.join(' to ') : JSON.stringify(net.bounds),
    'shape of x': 'x' in data ? `[${data.x.shape}]` : STREAM,
    'shape of y': 'x' in data ? `[${data.y.shape}]` : STREAM,
    seed,
    epochs,
    batchSize: 'x' in data ? batchSize : STREAM,
    stepsPerEpoch,
    weightDecay,
    classWeights: options.classWeights?.join(' ') ?? null,
    ...(method !== 'plain' && { lambda, noise: options.noise === undefined ? 'paperNoise' : OWN }),
    ...(method === 'good' && settingsOfGood(options, net)),
    ...((method === 'ceda' || method === 'acet') && {
      outLoss: lossName(options.outLoss ?? lossesOf(net).logConfidence) ?? OWN,
    }),
    ...(method === 'acet' && settingsOfAttack(options, net)),
    schedule: schedule === paperSchedule ? 'paperSchedule' : OWN,
    augmentation: options.augmentation === undefined ? null : OWN,
    optimizer: optimizer.getClassName(),
    ...settingsOfOptimizer(optimizer),
    'checksum of examples': 'x' in data ? await checksumOf(data) : STREAM,
    'trainable variables': net.variables.map(({ shape }) => `[${shape}]`).join(' '),
    'checksum of the layers’ settings': net.layersModel === undefined ? null : layersChecksum(net.layersModel),
  };
}

/** The first setting in which two runs differ, as each has it. */
export function firstDifference(ours: RunSettings, theirs: RunSettings): readonly [string, string, string] | undefined {
  const name = Object.keys({ ...ours, ...theirs }).find((key) => (ours[key] ?? null) !== (theirs[key] ?? null));
  return name === undefined ? undefined : [name, String(ours[name] ?? 'none'), String(theirs[name] ?? 'none')];
}

function settingsOfGood({ epsilon, quantile = 1, ramp }: FitOptions, { bounds }: Classifier): RunSettings {
  return { epsilon: epsilon ?? defaultEpsilon(bounds), quantile, ramp: ramp === undefined ? null : OWN };
}

function settingsOfAttack(options: FitOptions, net: Classifier): RunSettings {
  const { attack = pgdLinf, epsilon = null, steps = null, stepSize = null } = options;
  const name = attackName(attack);
  if (name === undefined) return { attack: OWN, epsilon, steps, stepSize };
  const used = attackDefaults(name, net.bounds, attackSettings(options));
  return { attack: name, epsilon: used.epsilon, steps: used.steps, stepSize: used.stepSize ?? null };
}

/** The numbers and flags that an optimizer was made with. */
function settingsOfOptimizer(optimizer: tf.Optimizer): RunSettings {
  const plain = Object.entries(optimizer.getConfig()).filter(([, value]) => /number|string|boolean/.test(typeof value));
  return Object.fromEntries(plain.map(([name, value]) => [`optimizer.${name}`, value as string | number | boolean]));
}

/** Of some examples spread over the data, with their labels. */
export async function checksumOf({ x, y }: LabelledData): Promise<number> {
  const count = x.shape[0]!;
  const used = Math.min(EXAMPLES, count);
  const rows = Array.from({ length: used }, (_, i) => Math.floor((i * count) / used));
  const picked = tf.tidy(() => {
    const places = tf.tensor1d(rows, 'int32');
    return [tf.gather(x, places), tf.gather(y, places)];
  });
  const values = await Promise.all(picked.map((part) => part.data()));
  tf.dispose(picked);
  return checksum(new Uint8Array(Float32Array.from(values.flatMap((part) => Array.from(part))).buffer));
}

/** Of the classes and settings of all layers, but for names, which tfjs counts up, and initial weights. */
export function layersChecksum(model: NonNullable<Classifier['layersModel']>): number {
  const layers = walkLayers(model).map(({ layer }) => [layer.getClassName(), layer.getConfig()]);
  const text = JSON.stringify(layers, (key, value) => (key === 'name' || key.endsWith('Initializer') ? null : value));
  return checksum(new TextEncoder().encode(text));
}

/** FNV-1a over bytes, 32 bits. */
export function checksum(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}
