import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkKeys, refuse, show } from '../core/check';
import { buildModel } from './load/buildModel';
import { FN } from './load/place';
import { type ModelSource, placeOf } from './load/places';
import { type ReadModel, readModel } from './load/readModel';

export type { ModelSource } from './load/places';

/** How {@link loadModel} reads a model. */
export interface LoadModelOptions {
  /**
   * Whether `metadata.json` beside the model is looked for.
   *
   * @defaultValue true; at an address only for an export of Teachable Machine and for what `saveModel` wrote with metadata,
   * because browsers log each file that is not there
   */
  readonly metadata?: boolean;
}

/** A model and what was read beside it. */
export interface LoadedModel {
  /** The model of tfjs, a LayersModel or a GraphModel; the caller owns it. */
  readonly model:
    | LayersModel
    | (tf.InferenceModel & {
        /** Frees the weights. */
        dispose(): void;
      });
  /** Which of the two it is. */
  readonly kind: 'layers' | 'graph';
  /** Names of the classes in the order of the outputs, if `metadata.json` has them. */
  readonly labels?: readonly string[];
  /** Where inputs lie, if `metadata.json` tells who made the model. */
  readonly bounds?: readonly [number, number];
  /** All that stands in `metadata.json`, as `saveModel` takes it. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Where labels and bounds come from, in words, such as `metadata.json`. */
  readonly from: {
    /** Of the labels; left out where there are none. */
    readonly labels?: string;
    /** Of the bounds; left out where nothing tells them. */
    readonly bounds?: string;
  };
  /** What of the model was left out or changed: clauses for people. */
  readonly notes: readonly string[];
}

/**
 * Loads a model that people have: a LayersModel of Keras 1 to 3 or tfjs, or a GraphModel, with its labels.
 *
 * Plain `tf.loadLayersModel` does not read what Keras 3 writes, nor layers such as RandomFlip that only training uses; this
 * does, and refuses in words what tfjs-layers would compute otherwise than Keras. Nothing is read but files beside
 * `model.json` and in folders there, whatever names it asks for, and nothing is written. A GraphModel takes the optional
 * package `@tensorflow/tfjs-converter`.
 *
 * @param source - Path of a `model.json`, of its folder or of a `.zip` as Teachable Machine exports it (Node); address
 *   (http, https) of one of these; the files that a user has picked in a browser; or the bytes of the `.zip`. At an
 *   address `model.json` is asked for first, then the weights that it names, then `metadata.json` as `options.metadata` says.
 * @returns The model and the facts beside it. `classifier(model, { bounds, labels })` takes them.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if there is no model; `INVALID_DATA` if a file is damaged, too large or
 *   outside; `UNSUPPORTED_MODEL` for a model of another format or with a layer that tfjs does not have; `DOWNLOAD_FAILED`;
 *   `MISSING_DEPENDENCY`.
 *
 * @example
 * ```ts no-run
 * import '@tensorflow/tfjs-backend-wasm';
 * import { classifier } from 'relu-overconfidence';
 * import { loadModel } from 'relu-overconfidence/models';
 *
 * const { model, labels = [], bounds = [0, 1] } = await loadModel('waste.zip');
 * const net = classifier(model, { bounds });
 * console.log(net.classes, labels); // 12 [ 'Battery', 'biological', ... ]
 * ```
 */
export async function loadModel(source: ModelSource, options: LoadModelOptions = {}): Promise<LoadedModel> {
  checkKeys({ fn: FN, argument: 'options' }, options, { metadata: true });
  const { metadata } = options;
  if (metadata !== undefined && typeof metadata !== 'boolean')
    refuse({ fn: FN, argument: 'metadata' }, 'INVALID_OPTION', 'true or false', show(metadata), 'Leave it out.');
  return loadedFrom(await readModel(await placeOf(source), metadata));
}

/** The model of files that were read already. */
export async function loadedFrom(read: ReadModel): Promise<LoadedModel> {
  const { model, notes } = await buildModel(read);
  const { labels, bounds, all } = read.metadata ?? {};
  return {
    model,
    kind: read.kind,
    ...(labels && { labels }),
    ...(bounds && { bounds }),
    ...(all && { metadata: all }),
    from: {
      ...(labels && { labels: 'metadata.json' }),
      ...(bounds && { bounds: 'metadata.json, which is of an image model of Teachable Machine' }),
    },
    notes,
  };
}
