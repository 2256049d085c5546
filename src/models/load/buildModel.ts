import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, models } from '@tensorflow/tfjs-layers';
import { OverconfidenceError } from '../../core/errors';
import { refuseMissing } from '../../core/importOptional';
import { assignWeights } from './assignWeights';
import { convertTopology } from './convertTopology';
import { FN } from './place';
import type { ReadModel } from './readModel';

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
