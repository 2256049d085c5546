import type { InferenceModel } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { classifier } from '../../classifier/classifier';
import type { Classifier, ClassifierOptions } from '../../classifier/types';
import { isLayersModel } from '../../classifier/walkGraph';
import type { Bounds } from '../../core/bounds';
import { OverconfidenceError } from '../../core/errors';
import { placeOf } from '../../models/load/places';
import { readModel } from '../../models/load/readModel';
import { loadedFrom, type LoadedModel as SavedModel } from '../../models/loadModel';
import { toLayersModel } from '../../models/toLayersModel';
import type { Values } from '../args/options';
import { oneOf, pair, text } from '../args/read';
import { CliError } from '../cliError';
import { capitalised } from '../print/text';
import { sha256 } from './sha256';

/** A model that was loaded, and how it is seen. */
export interface LoadedModel {
  readonly file: ModelFile;
  readonly classifier: Classifier;
  /** The model itself where its layers can be looked at. */
  readonly layers: LayersModel | undefined;
  /** Layers to look at or to train: the model itself, or of a GraphModel a LayersModel that computes the same. */
  readonly withLayers: () => WithLayers;
  /** What the outputs turned out to be. */
  readonly outputs: Outputs;
  /** Names of the classes beside the model, how many there may be. */
  readonly labels: readonly string[] | undefined;
  /** All that `metadata.json` says. */
  readonly metadata: SavedModel['metadata'];
  /** What was concluded from the files, as sentences. */
  readonly notes: readonly string[];
  /** Lets go of its weights. */
  readonly dispose: () => void;
}

/** A model with its layers, and how it is seen. */
export interface WithLayers {
  readonly layers: LayersModel;
  readonly classifier: Classifier;
}

/** Which model a result is of. */
export interface ModelFile {
  /** Where its `model.json` lies. */
  readonly path: string;
  readonly kind: 'layers' | 'graph';
  /** SHA-256 of JSON and weights, by which two models are told apart. */
  readonly sha256: string;
}

/** Loads a saved model in whatever form it is there, as `loadModel` of the library does. */
export async function loadModel(written: string, settings: ModelSettings): Promise<LoadedModel> {
  const read = await readModel(await placeOf(written), true);
  const file = { path: read.path, kind: read.kind, sha256: sha256([read.json, read.weights]) };
  const { model, labels, bounds: told, metadata, from, notes } = await loadedFrom(read);
  const bounds = settings.bounds ?? told;
  const layers = isLayersModel(model) ? model : undefined;
  const seen =
    layers === undefined
      ? viewOfGraph(model, settings, bounds)
      : { classifier: view(layers, settings, bounds, settings.outputs), outputs: settings.outputs };
  const { classes } = seen.classifier;
  const named = labels?.length === classes;
  const facts = { file, layers, outputs: seen.outputs, labels, metadata };
  const inWords = (net: Classifier) => (named ? classifier(net, { labels }) : net);
  const withLayers = () => {
    if (isLayersModel(model)) return { layers: model, classifier: inWords(seen.classifier) };
    const { inputShape, output } = settings;
    const built = toLayersModel(model, { ...(inputShape && { inputShape }), ...(output !== undefined && { output }) });
    // Only the output that was asked for is left.
    const rest = { ...settings, output: undefined };
    return { layers: built, classifier: inWords(view(built, rest, seen.classifier.bounds, seen.outputs)) };
  };
  return {
    ...facts,
    dispose: () => {
      model.dispose();
    },
    withLayers,
    classifier: inWords(seen.classifier),
    notes: [
      ...(settings.bounds === undefined && told !== undefined
        ? [`Inputs lie in [${told.join(', ')}], according to ${from.bounds}.`]
        : []),
      ...(labels === undefined
        ? []
        : named
          ? [`The ${classes} classes are named in ${from.labels}.`]
          : [
              `${from.labels} names ${labels.length} classes, and the model has ${classes}, so the names were left aside.`,
            ]),
      ...notes.map((note) => `${capitalised(note)}.`),
    ],
  };
}

function view(
  model: LayersModel | InferenceModel,
  { image, inputShape, output }: ModelSettings,
  bounds: Bounds | undefined,
  outputs: Outputs,
): Classifier {
  const options: ClassifierOptions = {
    outputs,
    ...(bounds && { bounds }),
    ...(image !== undefined && { image }),
    ...(inputShape && { inputShape }),
    ...(output !== undefined && { output }),
  };
  return classifier(model, options);
}

/** A GraphModel may hide that it ends in a softmax; its rows tell. */
function viewOfGraph(
  model: LayersModel | InferenceModel,
  settings: ModelSettings,
  bounds: readonly [number, number] | undefined,
): Pick<LoadedModel, 'classifier' | 'outputs'> {
  const as = (outputs: Outputs) => ({ classifier: view(model, settings, bounds, outputs), outputs });
  if (settings.outputs !== 'auto') return as(settings.outputs);
  try {
    return as('auto');
  } catch (error) {
    if (!(error instanceof OverconfidenceError && error.fix.includes("outputs: 'probabilities'"))) throw error;
    return as('probabilities');
  }
}

const OUTPUTS = ['auto', 'logits', 'probabilities', 'sigmoid', 'sigmoids'] as const;
/** What a model returns. */
export type Outputs = (typeof OUTPUTS)[number];

/** What the user says of a model. */
export interface ModelSettings {
  /** Where inputs lie; undefined where that is for the model to tell. */
  readonly bounds: readonly [number, number] | undefined;
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
    bounds: pair(values, 'bounds', undefined),
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
