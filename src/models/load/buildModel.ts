import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, models } from '@tensorflow/tfjs-layers';
import { isLayersModel, type Layer, weightsOf } from '../../classifier/walkGraph';
import { refuse } from '../../core/check';
import { OverconfidenceError } from '../../core/errors';
import { refuseMissing } from '../../core/nodeModules';
import { convertTopology } from './convertTopology';
import { FN } from './place';
import { type ReadModel, sizeOf, type WeightSpec } from './readModel';

/** A model of tfjs-converter, whose types it would take its package to name. */
type GraphModel = tf.InferenceModel & { dispose(): void };

/** A model of tfjs, and what was changed on the way. */
export interface BuiltModel {
  readonly model: LayersModel | GraphModel;
  readonly notes: readonly string[];
}

/** JSON as tfjs names it, which does not export the type. */
type PlainJson = Extract<Parameters<typeof models.modelFromJSON>[0], { modelTopology: unknown }>['modelTopology'];

/** Builds what was read; nothing stays behind when that fails. */
export async function buildModel(read: ReadModel): Promise<BuiltModel> {
  if (read.kind === 'graph') return { model: await graphModel(read), notes: [] };
  const { topology, notes } = convertTopology(read.path, read.topology);
  const before = new Set(Object.keys(tf.engine().registeredVariables));
  // Layers are made before this returns, and weights of zeros with them; the promise only brings the model.
  const making = models.modelFromJSON({ modelTopology: { ...topology } as PlainJson });
  const made = Object.entries(tf.engine().registeredVariables).filter(([name]) => !before.has(name));
  const clear = () => tf.dispose(made.map(([, variable]) => variable));
  let model: LayersModel;
  try {
    model = await making;
  } catch (cause) {
    clear();
    throw refusal(read.path, cause);
  }
  try {
    assignWeights(model, read);
  } catch (error) {
    clear();
    throw error;
  }
  if (read.others.userDefinedMetadata !== undefined) model.setUserDefinedMetadata(read.others.userDefinedMetadata);
  return { model, notes };
}

function refusal(path: string, cause: unknown): OverconfidenceError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const unknown = /Unknown (?:layer|activation|initializer|regularizer|constraint)\w*: ?(\S+?)\.? /i.exec(said)?.[1];
  return new OverconfidenceError({
    code: 'UNSUPPORTED_MODEL',
    fn: FN,
    argument: path,
    expected: 'a model that TensorFlow.js can build',
    got:
      unknown === undefined
        ? `the error "${said.split('\n')[0]}"`
        : `something that it does not know: ${JSON.stringify(unknown)}`,
    fix: 'Convert the model to a GraphModel (`tensorflowjs_converter --output_format=tfjs_graph_model`), which needs no class of its own.',
    cause,
  });
}

async function graphModel({ path, topology, specs, weights, others }: ReadModel): Promise<GraphModel> {
  const loadGraphModel = await importConverter();
  const weightData =
    weights.byteOffset === 0 && weights.length === weights.buffer.byteLength ? weights : weights.slice();
  const artifacts: tf.io.ModelArtifacts = {
    modelTopology: topology,
    weightSpecs: [...specs],
    weightData: weightData.buffer as ArrayBuffer,
    ...others,
  };
  try {
    return await loadGraphModel({ load: async () => artifacts });
  } catch (cause) {
    throw refusal(path, cause);
  }
}

async function importConverter() {
  // Inside a `try`, which tells bundlers that the package need not be there.
  try {
    return (await import('@tensorflow/tfjs-converter')).loadGraphModel;
  } catch (cause) {
    return refuseMissing(FN, { name: '@tensorflow/tfjs-converter', reason: 'it reads GraphModels' }, cause);
  }
}

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
function assignWeights(model: LayersModel, { path, specs, weights }: ReadModel): void {
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

/** A weight of a layer, and the names of the models that the layer lies in, from the outside. */
interface NamedWeight {
  readonly weight: Layer['weights'][number];
  readonly path: readonly string[];
}

/** All weights of a model, those of models within it too, each once. */
export function namedWeights(model: LayersModel): NamedWeight[] {
  const seen = new Set<number>();
  return weightsIn(model, []).filter(({ weight }) => !seen.has(weight.id) && seen.add(weight.id));
}

function weightsIn(model: LayersModel, around: readonly string[]): NamedWeight[] {
  const path = [...around, model.name];
  return model.layers.flatMap((layer) =>
    isLayersModel(layer) ? weightsIn(layer, path) : weightsOf(layer).map((weight) => ({ weight, path })),
  );
}
