import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../../core/check';
import { type NamedWeight, namedWeights } from './namedWeights';
import { FN } from './place';
import { type ReadModel, sizeOf, type WeightSpec } from './readModel';

/** A weight of the file and its bytes. */
interface Entry {
  readonly spec: WeightSpec;
  readonly bytes: Uint8Array;
  /** Its name in parts, with and without the one before the last, which may be the cell of a recurrent layer. */
  readonly names: readonly (readonly string[])[];
}

/** What converters write beside the weights of layers. */
const NOT_OF_LAYERS =
  /(?:^|\/)(?:seed_generator_state|count|iterations?|learning_rate|current_learning_rate)(?::0)?$|^optimizer/;

/**
 * Sets the weights of a model to those of its file. A weight is found by the names of its layer and of itself, whatever stands
 * before them (Keras 3 puts the models around a layer there); among several of that name by the models around it, and by shape.
 */
export function assignWeights(model: LayersModel, { path, specs, weights }: ReadModel): void {
  const entries = entriesOf(specs, weights);
  const left = new Set(entries);
  const missing: string[] = [];
  for (const wanted of namedWeights(model)) {
    const entry = find(path, wanted, entries, left);
    if (entry === undefined) {
      missing.push(wanted.weight.originalName);
      continue;
    }
    left.delete(entry);
    write(path, wanted.weight, entry);
  }
  if (missing.length > 0) refuseWeights(path, `all weights of its layers, ${listed(missing)} too`, 'a file without');
  const strange = [...left].map(({ spec }) => spec.name).filter((name) => !NOT_OF_LAYERS.test(name));
  if (strange.length > 0) refuseWeights(path, 'weights of its own layers alone', `those of others: ${listed(strange)}`);
}

function entriesOf(specs: readonly WeightSpec[], weights: Uint8Array): Entry[] {
  let at = 0;
  return specs.map((spec) => {
    const size = sizeOf(spec) ?? 0;
    const bytes = weights.subarray(at, at + size);
    at += size;
    const parts = spec.name.replace(/:0$/, '').split('/');
    return { spec, bytes, names: [parts, [...parts.slice(0, -2), ...parts.slice(-1)]] };
  });
}

function find(
  path: string,
  wanted: NamedWeight,
  entries: readonly Entry[],
  left: ReadonlySet<Entry>,
): Entry | undefined {
  const { weight } = wanted;
  const name = weight.originalName.split('/');
  const plain = name.map((part, i) => (i === name.length - 1 ? part.replace(/^depthwise_kernel$/, 'kernel') : part));
  const exact = entries.filter(({ names: [whole] }) => whole!.join('/') === name.join('/'));
  const byName = [name, plain].map((one) => entries.filter(({ names }) => names.some((parts) => endsWith(parts, one))));
  const candidates = ([exact, ...byName].find((found) => found.length > 0) ?? []).filter((entry) => left.has(entry));
  if (candidates.length < 2) return candidates[0];
  const around = candidates.map(({ spec }) => wanted.path.filter((part) => spec.name.split('/').includes(part)).length);
  const nearest = candidates.filter((_, i) => around[i] === Math.max(...around));
  const fitting = nearest.filter(({ spec }) => spec.shape.join() === weight.shape.join());
  if (fitting.length < 2) return fitting[0] ?? nearest[0];
  return refuseWeights(
    path,
    `one weight ${JSON.stringify(name.join('/'))}`,
    `several: ${listed(fitting.map(({ spec }) => spec.name))}`,
  );
}

function endsWith(parts: readonly string[], end: readonly string[]): boolean {
  return parts.length >= end.length && end.every((part, i) => part === parts[parts.length - end.length + i]);
}

function write(path: string, weight: NamedWeight['weight'], { spec, bytes }: Entry): void {
  if (spec.shape.join() !== weight.shape.join())
    refuseWeights(
      path,
      `a weight ${JSON.stringify(spec.name)} of shape [${weight.shape.join(', ')}], as its layer takes it`,
      `one of [${spec.shape.join(', ')}]`,
    );
  tf.tidy(() => {
    weight.write(Object.values(tf.io.decodeWeights(bytes.slice().buffer, [spec]))[0]!);
  });
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}

function refuseWeights(path: string, expected: string, got: string): never {
  refuse(
    { fn: FN, argument: path },
    'INVALID_DATA',
    `a model with ${expected}`,
    got,
    'Convert or save the model again.',
  );
}
