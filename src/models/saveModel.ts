import { io } from '@tensorflow/tfjs-core';
import { type LayersModel, version_layers } from '@tensorflow/tfjs-layers';
import { isLayersModel } from '../classifier/walkGraph';
import { checkKeys, refuse, show } from '../core/check';
import { nodeModules } from '../core/nodeModules';
import { namedWeights } from './load/buildModel';
import { METADATA } from './load/readMetadata';

/** What {@link saveModel} writes beside the model. */
export interface SaveModelOptions {
  /** Names of the classes in the order of the outputs. @defaultValue those of `metadata` */
  readonly labels?: readonly string[];
  /** What else stands in `metadata.json`, as `loadModel` gives it. @defaultValue what stands there already */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Whether a model that is there already is replaced. @defaultValue false */
  readonly overwrite?: boolean;
}

const fn = 'saveModel';
const JSON_NAME = 'model.json';

/**
 * Saves a LayersModel in the format of TensorFlow.js (Node): `model.json`, its weights, and `metadata.json` where there are
 * labels or other facts, so that it opens wherever the model that it was loaded from does.
 *
 * Each file is written under another name and renamed when it is whole, `model.json` last: whatever happens, there is the
 * old model or the new one, or none. Two weights of one name, which `model.save` would mix up, get the names of the models
 * around them.
 *
 * @param model - Of any layers; its weights are read, nothing is changed.
 * @param folder - Made if it is missing.
 * @returns The path of `model.json`.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `model` is not a LayersModel, `folder` not a path or this not Node;
 *   `INVALID_OPTION` if there is a model already, or for labels that are not names.
 *
 * @example
 * ```ts no-run
 * import '@tensorflow/tfjs-backend-wasm';
 * import type { LayersModel } from '@tensorflow/tfjs-layers';
 * import { loadModel, saveModel } from 'relu-overconfidence/models';
 *
 * const { model, metadata = {} } = await loadModel('waste.zip');
 * await saveModel(model as LayersModel, 'tuned', { metadata });
 * ```
 */
export async function saveModel(model: LayersModel, folder: string, options: SaveModelOptions = {}): Promise<string> {
  checkKeys({ fn, argument: 'options' }, options, { labels: true, metadata: true, overwrite: true });
  const { labels, metadata, overwrite = false } = options;
  if (!isLayersModel(model))
    refuse({ fn, argument: 'model' }, 'INVALID_ARGUMENT', 'a LayersModel', show(model), 'A GraphModel saves itself.');
  const where = { fn, argument: 'folder' };
  if (typeof folder !== 'string' || folder === '')
    refuse(where, 'INVALID_ARGUMENT', 'the path of a folder', show(folder), "Pass for example 'tuned'.");
  if (labels !== undefined && !(Array.isArray(labels) && labels.every((label) => typeof label === 'string')))
    refuse({ fn, argument: 'labels' }, 'INVALID_OPTION', 'an array of names', show(labels), 'Name every class.');
  const { fs, path } = nodeModules(where, 'In a browser, `model.save` has downloads:// and indexeddb://.');
  const at = (name: string) => path.join(folder, name);
  const read = (name: string) => fs.readFile(at(name), 'utf8').then(parsed, () => undefined);
  const old = await fs.stat(at(JSON_NAME)).catch(() => undefined);
  if (old !== undefined && !overwrite)
    refuse(
      where,
      'INVALID_OPTION',
      'a folder without a model',
      `${at(JSON_NAME)}`,
      'Name another, or pass `overwrite: true`.',
    );
  const before = old === undefined ? [] : weightFiles(await read(JSON_NAME));
  const facts = { ...(metadata ?? (await read(METADATA))), ...(labels && { labels }) };
  await fs.mkdir(folder, { recursive: true });
  const name = weightsName(await fs.readdir(folder));
  const { data, specs } = await weightsOfModel(model);
  await write(name, data);
  const known = Object.keys(facts).length > 0;
  if (known) await write(METADATA, `${JSON.stringify(facts, undefined, 2)}\n`);
  await write(JSON_NAME, jsonOf(model, name, specs, known));
  // Nothing refers to these any more.
  for (const file of before) await fs.rm(at(file), { force: true });
  return at(JSON_NAME);

  async function write(file: string, content: Uint8Array | string): Promise<void> {
    const partial = `${at(file)}.partial`;
    const handle = await fs.open(partial, 'w');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(partial, at(file));
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The files of weights that a `model.json` names in its own folder. */
function weightFiles(json: Record<string, unknown> | undefined): string[] {
  const groups: unknown = json?.weightsManifest;
  const paths: unknown[] = Array.isArray(groups) ? groups.flatMap((group) => Object(group).paths ?? []) : [];
  return paths.filter((path): path is string => typeof path === 'string' && /^[\w-][\w.-]*\.bin$/.test(path));
}

/** A name that no file has: until the new `model.json` is there, an old one needs its weights. */
function weightsName(names: readonly string[]): string {
  for (let i = 1; ; i++) {
    const name = i === 1 ? 'weights.bin' : `weights-${i}.bin`;
    if (!names.includes(name)) return name;
  }
}

async function weightsOfModel(
  model: LayersModel,
): Promise<{ readonly data: Uint8Array; readonly specs: io.WeightsManifestEntry[] }> {
  const all = namedWeights(model);
  const count = (name: string) => all.filter(({ weight }) => weight.originalName === name).length;
  const tensors = all.map(({ weight, path }) => {
    const { originalName } = weight;
    return { name: count(originalName) > 1 ? [...path, originalName].join('/') : originalName, tensor: weight.read() };
  });
  const { data, specs } = await io.encodeWeights(tensors);
  return { data: new Uint8Array(data), specs };
}

function jsonOf(
  model: LayersModel,
  weights: string,
  specs: readonly io.WeightsManifestEntry[],
  withMetadata: boolean,
): string {
  const userDefinedMetadata = model.getUserDefinedMetadata();
  return JSON.stringify({
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${version_layers}`,
    convertedBy: null,
    modelTopology: model.toJSON(null, false),
    ...(userDefinedMetadata && { userDefinedMetadata }),
    // tfjs passes over it; `loadModel` asks a server for the file only where it is told of one.
    ...(withMetadata && { metadata: METADATA }),
    weightsManifest: [{ paths: [weights], weights: specs }],
  });
}
