import type { GraphModel } from '@tensorflow/tfjs-converter';
import type { InferenceModel, io } from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { classifier } from '../../classifier/classifier';
import type { Classifier, ClassifierOptions } from '../../classifier/types';
import { OverconfidenceError } from '../../core/errors';
import { importOptional } from '../../core/importOptional';
import type { Values } from '../args/options';
import { oneOf, pair, text } from '../args/read';
import { CliError, messageOf } from '../cliError';
import { type ModelFile, readModelFile } from './readModelFile';

/** A model that was loaded, and how it is seen. */
export interface LoadedModel {
  readonly file: ModelFile;
  readonly classifier: Classifier;
  /** The model itself where its layers can be looked at. */
  readonly layers: LayersModel | undefined;
  /** What the outputs turned out to be. */
  readonly outputs: Outputs;
}

/** Loads a saved LayersModel or GraphModel, told apart by its JSON file. */
export async function loadModel(written: string, settings: ModelSettings): Promise<LoadedModel> {
  const file = await readModelFile(written);
  if (file.kind === 'layers') {
    const layers = await loadLayers(file);
    return { file, classifier: view(layers, settings, settings.outputs), layers, outputs: settings.outputs };
  }
  const model = await loadGraph(file);
  return { file, ...viewOfGraph(model, settings), layers: undefined };
}

function view(model: LayersModel | InferenceModel, settings: ModelSettings, outputs: Outputs): Classifier {
  const { bounds, image, inputShape, output } = settings;
  const options: ClassifierOptions = {
    bounds,
    outputs,
    ...(image !== undefined && { image }),
    ...(inputShape && { inputShape }),
    ...(output !== undefined && { output }),
  };
  return classifier(model, options);
}

/** A GraphModel may hide that it ends in a softmax; its rows tell. */
function viewOfGraph(model: InferenceModel, settings: ModelSettings): Pick<LoadedModel, 'classifier' | 'outputs'> {
  const as = (outputs: Outputs) => ({ classifier: view(model, settings, outputs), outputs });
  if (settings.outputs !== 'auto') return as(settings.outputs);
  try {
    return as('auto');
  } catch (error) {
    if (!(error instanceof OverconfidenceError && error.fix.includes("outputs: 'probabilities'"))) throw error;
    return as('probabilities');
  }
}

async function loadLayers({ path, artifacts }: ModelFile): Promise<LayersModel> {
  try {
    return await loadLayersModel(handlerOf(artifacts));
  } catch (error) {
    const unknown = /Unknown (?:layer|initializer|regularizer|constraint): ?(\S+?)\.? /.exec(messageOf(error))?.[1];
    throw unknown === undefined
      ? new CliError(
          `${path} cannot be loaded: ${messageOf(error)}`,
          'Save it again with the version of tfjs in use.',
          error,
        )
      : new CliError(
          `${path} has something that TensorFlow.js does not know: ${unknown}.`,
          'Convert the model to a GraphModel (`tensorflowjs_converter --output_format=tfjs_graph_model`), which needs no class of its own.',
          error,
        );
  }
}

async function loadGraph({ path, artifacts }: ModelFile): Promise<GraphModel> {
  const wanted = { name: '@tensorflow/tfjs-converter', reason: 'it reads GraphModels' };
  const { loadGraphModel } = await importOptional('loadModel', wanted, () => import('@tensorflow/tfjs-converter'));
  try {
    return await loadGraphModel(handlerOf(artifacts));
  } catch (error) {
    throw new CliError(`${path} cannot be loaded: ${messageOf(error)}`, 'Convert the model again.', error);
  }
}

function handlerOf(artifacts: io.ModelArtifacts): io.IOHandler {
  return { load: async () => artifacts };
}

const OUTPUTS = ['auto', 'logits', 'probabilities', 'sigmoid', 'sigmoids'] as const;
/** What a model returns. */
export type Outputs = (typeof OUTPUTS)[number];

/** What the user says of a model. */
export interface ModelSettings {
  readonly bounds: readonly [number, number];
  readonly outputs: Outputs;
  /** Whether inputs are images; undefined to have it read from the model. */
  readonly image: boolean | undefined;
  readonly inputShape: readonly number[] | undefined;
  /** Name of the output that tells the classes, of a model with several. */
  readonly output: string | undefined;
}

/** What the options say of a model. */
export function modelSettings(values: Values): ModelSettings {
  const image = oneOf(values, 'image', ['yes', 'no'] as const, undefined);
  return {
    bounds: pair(values, 'bounds', [0, 1] as const),
    outputs: oneOf(values, 'outputs', OUTPUTS, 'auto'),
    image: image && image === 'yes',
    inputShape: sizes(text(values, 'input-shape')),
    output: text(values, 'output'),
  };
}

function sizes(written: string | undefined): number[] | undefined {
  if (written === undefined) return undefined;
  const list = written.split(/[,x]/).map(Number);
  if (!list.every((size) => Number.isInteger(size) && size > 0))
    throw new CliError(
      `--input-shape takes whole numbers, not ${JSON.stringify(written)}.`,
      'Write for example --input-shape 32,32,3.',
    );
  return list;
}
