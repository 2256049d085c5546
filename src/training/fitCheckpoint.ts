import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';
import { refuse } from '../core/check';
import type { EpochRecord } from './fitTypes';
import { optimizerVariables, restoreOptimizer, slotPlaces } from './optimizerState';
import { checksum, firstDifference, type RunSettings } from './runSettings';

/** How far a run has come. */
export interface Position {
  /** Steps done in all. */
  readonly step: number;
  /** Records of the finished epochs. */
  readonly history: readonly EpochRecord[];
}

/** Everything a training changes. */
export interface RunState {
  readonly net: Classifier;
  readonly optimizer: tf.Optimizer;
  readonly sums: tf.Variable;
}

type Facts = Position & {
  readonly settings: RunSettings;
  readonly iterations: number;
  readonly fields: readonly string[];
  /** Which trainable variable each slot of the optimizer belongs to. */
  readonly slots: readonly number[];
};

/** All tensors of a run as bytes. */
export async function saveRun(
  settings: RunSettings,
  position: Position,
  { net, optimizer, sums }: RunState,
): Promise<Uint8Array> {
  const memory = optimizerVariables(optimizer);
  const named: [string, tf.Variable][] = [
    ['sums', sums],
    ...net.state.map((variable): [string, tf.Variable] => ['weights', variable]),
    ...Object.entries(memory).flatMap(([field, list]) =>
      list.map((variable): [string, tf.Variable] => [field, variable]),
    ),
  ];
  const arrays = await Promise.all(
    named.map(
      async ([name, variable]): Promise<SavedArray> => ({
        name,
        shape: variable.shape,
        values: Float32Array.from(await variable.data()),
      }),
    ),
  );
  const facts: Facts = {
    ...position,
    settings,
    iterations: optimizer.iterations,
    fields: Object.keys(memory),
    slots: slotPlaces(optimizer, net.variables),
  };
  return encodeCheckpoint({ facts, arrays });
}

/** Puts a saved run back; refuses one of another run before anything is changed. */
export function restoreRun(
  fn: string,
  bytes: Uint8Array,
  settings: RunSettings,
  { net, optimizer, sums }: RunState,
): Position {
  const { facts, arrays } = decodeCheckpoint<Facts>(fn, bytes);
  const variables = net.state;
  const of = (name: string) => arrays.filter((array) => array.name === name);
  const weights = of('weights');
  const difference = firstDifference(settings, facts.settings);
  if (difference !== undefined) {
    const [name, ours, theirs] = difference;
    refuseOtherRun(fn, `a run with ${name} ${ours}`, `that of one with ${name} ${theirs}`);
  }
  const shapes = (list: readonly { readonly shape: readonly number[] }[]) =>
    list.map(({ shape }) => `[${shape}]`).join(' ');
  if (shapes(weights) !== shapes(variables))
    refuseOtherRun(fn, `a model with weights ${shapes(variables)}`, shapes(weights));
  tf.tidy(() => {
    const tensor = ({ values, shape }: SavedArray) => tf.tensor(values, [...shape]);
    sums.assign(tensor(of('sums')[0]!));
    variables.forEach((variable, i) => {
      variable.assign(tensor(weights[i]!));
    });
    restoreOptimizer(
      optimizer,
      Object.fromEntries(facts.fields.map((field) => [field, of(field).map(tensor)])),
      facts.slots.map((place) => net.variables[place]?.name ?? 'unknown'),
      facts.iterations,
    );
  });
  return { step: facts.step, history: facts.history };
}

/** Says whose checkpoint it is not. */
export function refuseOtherRun(fn: string, expected: string, got: string): never {
  refuse(
    { fn, argument: 'checkpoint' },
    'INVALID_CHECKPOINT',
    `a checkpoint of ${expected}`,
    got,
    'Use another file name, or the settings the checkpoint was made with.',
  );
}

/** One array of a checkpoint: a name, a shape and float32 values. */
export interface SavedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What a checkpoint file holds: plain facts and arrays. */
export interface SavedRun<Facts> {
  readonly facts: Facts;
  readonly arrays: readonly SavedArray[];
}

const MAGIC = 'relu-overconfidence checkpoint 2\n';
const CHECKED = MAGIC.length + 4;
const PREFIX = CHECKED + 4;

/**
 * Bytes of a checkpoint: a magic line, an FNV-1a checksum of all that follows and the length of the header (two
 * little-endian uint32), the header as JSON, the float32 values little-endian.
 */
export function encodeCheckpoint<Facts>({ facts, arrays }: SavedRun<Facts>): Uint8Array {
  const described = arrays.map(({ name, shape }) => ({ name, shape }));
  const header = new TextEncoder().encode(JSON.stringify({ facts, arrays: described }));
  const count = arrays.reduce((sum, { values }) => sum + values.length, 0);
  const bytes = new Uint8Array(PREFIX + header.length + 4 * count);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(header, PREFIX);
  let at = PREFIX + header.length;
  for (const { values } of arrays) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  view.setUint32(CHECKED, header.length, true);
  view.setUint32(MAGIC.length, checksum(bytes.subarray(CHECKED)), true);
  return bytes;
}

/** The inverse of {@link encodeCheckpoint}; refuses damaged bytes before anything is changed. */
export function decodeCheckpoint<Facts>(fn: string, bytes: Uint8Array): SavedRun<Facts> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = new TextDecoder().decode(bytes.subarray(0, MAGIC.length));
  if (bytes.length < PREFIX || magic !== MAGIC)
    damaged(fn, magic === MAGIC.replace('2', '1') ? 'one of an earlier version' : 'bytes of something else');
  if (view.getUint32(MAGIC.length, true) !== checksum(bytes.subarray(CHECKED))) damaged(fn, 'damaged bytes');
  const headerEnd = PREFIX + view.getUint32(CHECKED, true);
  const { facts, arrays } = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, headerEnd))) as SavedRun<Facts>;
  let at = headerEnd;
  return {
    facts,
    arrays: arrays.map(({ name, shape }) => {
      const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
      for (let i = 0; i < values.length; i++, at += 4) values[i] = view.getFloat32(at, true);
      return { name, shape, values };
    }),
  };
}

function damaged(fn: string, got: string): never {
  refuse(
    { fn, argument: 'checkpoint' },
    'INVALID_CHECKPOINT',
    'a checkpoint written by this version of fit',
    got,
    'Delete the file to start again, or restore it from a copy.',
  );
}
