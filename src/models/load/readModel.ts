import type { io } from '@tensorflow/tfjs-core';
import { refuse } from '../../core/check';
import { OverconfidenceError } from '../../core/errors';
import { COPY, FN, foreignBytes, type ModelPlace, refuseForeign, SAVE } from './place';
import { type Metadata, readMetadata, toldOfMetadata } from './readMetadata';

/** A saved model as it was read, before anything is built of it. */
export interface ReadModel {
  /** How its `model.json` is shown to people. */
  readonly path: string;
  readonly kind: 'layers' | 'graph';
  /** The bytes of `model.json`. */
  readonly json: Uint8Array;
  readonly topology: Record<string, unknown>;
  readonly specs: readonly WeightSpec[];
  /** All weights, one after the other as `specs` has them. */
  readonly weights: Uint8Array;
  /** What tfjs passes through besides. */
  readonly others: Pick<
    io.ModelArtifacts,
    'signature' | 'userDefinedMetadata' | 'modelInitializer' | 'initializerSignature'
  >;
  /** What lies beside the model in `metadata.json`, if anything does. */
  readonly metadata: Metadata | undefined;
}

/** A weight as the manifest lists it. */
export type WeightSpec = io.WeightsManifestEntry;

/** What tfjs writes into `model.json`, as far as it is used here. */
interface ModelJson {
  readonly format?: string;
  readonly modelTopology: Record<string, unknown>;
  readonly weightsManifest?: readonly { readonly paths: readonly string[]; readonly weights: readonly WeightSpec[] }[];
  /** The file of metadata beside the model, as `saveModel` notes it. */
  readonly metadata?: unknown;
}

/** No `model.json` is larger: it would not be one. */
const LARGEST_JSON = 2 ** 26;
/** More than any backend holds. */
const LARGEST_WEIGHTS = 2 ** 32;

/**
 * Reads `model.json` and the files beside it; whatever is wrong with them is said in words.
 *
 * @param metadata - Whether `metadata.json` is looked for; undefined: on a server only where the model tells of one.
 */
export async function readModel(place: ModelPlace, metadata?: boolean): Promise<ReadModel> {
  const { path } = place;
  const bytes = await place.read(place.json, LARGEST_JSON);
  if (bytes === undefined)
    return refuse({ fn: FN, argument: path }, 'INVALID_ARGUMENT', 'there', 'nothing', 'Pass the path of a model.json.');
  const json = parse(path, bytes);
  const kind = kindOf(path, json);
  const manifest = json.weightsManifest ?? [];
  const specs = manifest.flatMap(({ weights }) => weights);
  const names = manifest.flatMap(({ paths }) => paths);
  const weights = await readWeights(place, names, expectedSize(path, specs));
  const { signature, userDefinedMetadata, modelInitializer, initializerSignature } = json as Partial<io.ModelArtifacts>;
  return {
    path,
    kind,
    json: bytes,
    topology: json.modelTopology,
    specs,
    weights,
    others: {
      ...(signature && { signature }),
      ...(userDefinedMetadata && { userDefinedMetadata }),
      ...(modelInitializer && { modelInitializer }),
      ...(initializerSignature && { initializerSignature }),
    },
    metadata: (metadata ?? (!place.remote || toldOfMetadata(json))) ? await readMetadata(place) : undefined,
  };
}

function parse(path: string, bytes: Uint8Array): ModelJson {
  const foreign = foreignBytes(bytes);
  if (foreign !== undefined) refuseForeign(path, foreign);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OverconfidenceError({
      code: 'INVALID_DATA',
      fn: FN,
      argument: path,
      expected: 'the model.json of a model',
      got: `something that is damaged or not JSON (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: COPY,
      cause,
    });
  }
  if (isModelJson(json)) return json;
  return refuse(
    { fn: FN, argument: path },
    'INVALID_DATA',
    'the model.json of a TensorFlow.js model, with its `modelTopology` and `weightsManifest`',
    'other JSON',
    SAVE,
  );
}

function isModelJson(json: unknown): json is ModelJson {
  if (json === null || typeof json !== 'object' || !('modelTopology' in json)) return false;
  if (!(json.modelTopology instanceof Object)) return false;
  if (!('weightsManifest' in json)) return true;
  const groups: unknown = json.weightsManifest;
  return Array.isArray(groups) && groups.every(isGroup);
}

function isGroup(group: unknown): boolean {
  if (group === null || typeof group !== 'object' || !('paths' in group) || !('weights' in group)) return false;
  const { paths, weights } = group;
  return (
    Array.isArray(paths) &&
    paths.every((path) => typeof path === 'string') &&
    Array.isArray(weights) &&
    weights.every(
      (spec) =>
        spec !== null &&
        typeof spec === 'object' &&
        typeof spec.name === 'string' &&
        typeof spec.dtype === 'string' &&
        Array.isArray(spec.shape) &&
        spec.shape.every((size: unknown) => Number.isInteger(size) && Number(size) >= 0),
    )
  );
}

function kindOf(path: string, { format, modelTopology }: ModelJson): 'layers' | 'graph' {
  if (format === 'graph-model' || 'node' in modelTopology) return 'graph';
  if (format === 'layers-model' || 'model_config' in modelTopology || 'class_name' in modelTopology) return 'layers';
  return refuse(
    { fn: FN, argument: path },
    'UNSUPPORTED_MODEL',
    'a LayersModel or a GraphModel',
    `a model of the format ${JSON.stringify(format) ?? 'that it does not name'}`,
    SAVE,
  );
}

const BYTES: Readonly<Record<string, number>> = {
  float64: 8,
  int64: 8,
  uint64: 8,
  complex64: 8,
  float32: 4,
  int32: 4,
  uint32: 4,
  float16: 2,
  int16: 2,
  uint16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Bytes of one weight in the file; undefined for text, whose length stands in the bytes themselves. */
export function sizeOf({ shape, dtype, quantization }: WeightSpec): number | undefined {
  const per = BYTES[quantization?.dtype ?? dtype];
  return per === undefined ? undefined : shape.reduce((a, b) => a * b, per);
}

function expectedSize(path: string, specs: readonly WeightSpec[]): number | undefined {
  let total = 0;
  for (const spec of specs) {
    const size = sizeOf(spec);
    if (size === undefined) return undefined;
    total += size;
  }
  if (total > LARGEST_WEIGHTS)
    refuse(
      { fn: FN, argument: path },
      'UNSUPPORTED_MODEL',
      'a model that fits into memory',
      `${total} bytes of weights`,
      'Take a smaller model.',
    );
  return total;
}

/** All shards in one piece. Truncated weights would otherwise show up as an error deep inside tfjs, or as a model of zeros. */
async function readWeights(
  place: ModelPlace,
  names: readonly string[],
  expected: number | undefined,
): Promise<Uint8Array> {
  const shards: Uint8Array[] = [];
  let size = 0;
  for (const name of names) {
    const shard = await place.read(name, expected ?? LARGEST_WEIGHTS);
    if (shard === undefined)
      return refuse(
        { fn: FN, argument: place.path },
        'INVALID_ARGUMENT',
        `together with its weights ${JSON.stringify(name)}`,
        'a place where these are missing',
        'Copy all files of the model into one folder.',
      );
    shards.push(shard);
    size += shard.length;
  }
  if (expected !== undefined && size !== expected)
    refuse(
      { fn: FN, argument: place.path },
      'INVALID_DATA',
      `beside weights of ${expected} bytes, which it names`,
      `weights of ${size}, truncated or of another model`,
      COPY,
    );
  if (shards.length === 1) return shards[0]!;
  const all = new Uint8Array(size);
  let at = 0;
  for (const shard of shards) {
    all.set(shard, at);
    at += shard.length;
  }
  return all;
}
