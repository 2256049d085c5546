import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../classifier/types';
import { refuse } from '../core/check';
import { decodeCheckpoint, encodeCheckpoint, type SavedArray } from './checkpointBytes';
import type { EpochRecord } from './fitTypes';
import { optimizerVariables, restoreOptimizer } from './optimizerState';

/** What must be the same for a checkpoint to belong to a run. */
export interface RunIdentity {
  readonly method: string;
  readonly seed: string | number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly examples: number;
  readonly optimizer: string;
}

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
  readonly identity: RunIdentity;
  readonly iterations: number;
  readonly fields: readonly string[];
};

/** All tensors of a run as bytes. */
export async function saveRun(
  identity: RunIdentity,
  position: Position,
  { net, optimizer, sums }: RunState,
): Promise<Uint8Array> {
  const slots = optimizerVariables(optimizer);
  const named: [string, tf.Variable][] = [
    ['sums', sums],
    ...net.state.map((variable): [string, tf.Variable] => ['weights', variable]),
    ...Object.entries(slots).flatMap(([field, list]) =>
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
  const facts: Facts = { ...position, identity, iterations: optimizer.iterations, fields: Object.keys(slots) };
  return encodeCheckpoint({ facts, arrays });
}

/** Puts a saved run back; refuses one of another run before anything is changed. */
export function restoreRun(
  fn: string,
  bytes: Uint8Array,
  identity: RunIdentity,
  { net, optimizer, sums }: RunState,
): Position {
  const { facts, arrays } = decodeCheckpoint<Facts>(fn, bytes);
  const variables = net.state;
  const of = (name: string) => arrays.filter((array) => array.name === name);
  const weights = of('weights');
  const [ours, theirs] = [identity, facts.identity].map((run) => JSON.stringify(run));
  if (ours !== theirs) anotherRun(fn, `a run with ${ours}`, `one with ${theirs}`);
  const shapes = (list: readonly { readonly shape: readonly number[] }[]) =>
    list.map(({ shape }) => `[${shape}]`).join(' ');
  if (shapes(weights) !== shapes(variables))
    anotherRun(fn, `a model with weights ${shapes(variables)}`, shapes(weights));
  tf.tidy(() => {
    const tensor = ({ values, shape }: SavedArray) => tf.tensor(values, [...shape]);
    sums.assign(tensor(of('sums')[0]!));
    variables.forEach((variable, i) => {
      variable.assign(tensor(weights[i]!));
    });
    restoreOptimizer(
      optimizer,
      Object.fromEntries(facts.fields.map((field) => [field, of(field).map(tensor)])),
      facts.iterations,
    );
  });
  return { step: facts.step, history: facts.history };
}

function anotherRun(fn: string, expected: string, got: string): never {
  refuse(
    { fn, argument: 'checkpoint' },
    'INVALID_CHECKPOINT',
    `a checkpoint of ${expected}`,
    got,
    'Use another file name, or the settings the checkpoint was made with.',
  );
}
