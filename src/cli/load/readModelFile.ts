import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import { CliError, messageOf } from '../cliError';
import { sha256 } from './sha256';

/** A saved model as it lies on disk. */
export interface ModelFile {
  /** Path of its JSON file. */
  readonly path: string;
  readonly kind: 'layers' | 'graph';
  readonly artifacts: io.ModelArtifacts;
  /** SHA-256 of JSON and weights, by which two models are told apart. */
  readonly sha256: string;
}

/** What tfjs writes into `model.json`, as far as it is used here. */
interface ModelJson {
  readonly format?: string;
  readonly modelTopology: Record<string, unknown>;
  readonly weightsManifest?: readonly {
    readonly paths: readonly string[];
    readonly weights: io.WeightsManifestEntry[];
  }[];
  readonly signature?: io.ModelArtifacts['signature'];
  readonly userDefinedMetadata?: io.ModelArtifacts['userDefinedMetadata'];
  readonly modelInitializer?: io.ModelArtifacts['modelInitializer'];
  readonly initializerSignature?: io.ModelArtifacts['initializerSignature'];
}

const SAVE = "Save the model with `model.save('file://folder')` or convert it with `tensorflowjs_converter`.";
/** Files by which models of other kinds are known. */
const OTHERS = /\.(h5|hdf5|keras|pb|pt|pth|onnx|tflite|safetensors|ckpt)$/i;

/** Reads `model.json`, or the one in a folder, and the weight files beside it; whatever is wrong with them is said in words. */
export async function readModelFile(written: string): Promise<ModelFile> {
  const path = await jsonPath(written);
  const text = await readFile(path);
  const json = parse(path, text);
  const kind = kindOf(path, json);
  const manifest = json.weightsManifest ?? [];
  const specs = manifest.flatMap(({ weights }) => weights);
  const names = manifest.flatMap(({ paths }) => paths);
  const shards = await Promise.all(names.map((name) => readWeights(path, name)));
  checkSize(path, specs, shards);
  const { modelTopology, signature, userDefinedMetadata, modelInitializer, initializerSignature } = json;
  const artifacts: io.ModelArtifacts = {
    modelTopology,
    weightSpecs: specs,
    weightData: joined(shards),
    ...(signature && { signature }),
    ...(userDefinedMetadata && { userDefinedMetadata }),
    ...(modelInitializer && { modelInitializer }),
    ...(initializerSignature && { initializerSignature }),
  };
  return { path, kind, artifacts, sha256: sha256([text, ...shards]) };
}

async function jsonPath(written: string): Promise<string> {
  const found = await stat(written).catch(() => undefined);
  if (found === undefined)
    throw new CliError(`${written} does not exist.`, 'Pass the path of a model.json, or of its folder.');
  if (!found.isDirectory()) {
    if (OTHERS.test(written)) throw notTfjs(written);
    return written;
  }
  const names = await readdir(written);
  if (names.includes('model.json')) return join(written, 'model.json');
  const json = names.filter((name) => name.endsWith('.json'));
  if (json.length === 1) return join(written, json[0]!);
  const other = names.find((name) => OTHERS.test(name));
  if (other !== undefined) throw notTfjs(join(written, other));
  if (json.length > 1)
    throw new CliError(
      `The folder ${written} has no model.json but ${json.join(', ')}.`,
      'Pass the one that is the model.',
    );
  const what = names.length === 0 ? 'is empty' : 'has no model.json in it';
  throw new CliError(`The folder ${written} ${what}.`, SAVE);
}

function notTfjs(path: string): CliError {
  return new CliError(
    `${path} is not in the format of TensorFlow.js.`,
    'Convert it first: https://www.tensorflow.org/js/guide/conversion (`tensorflowjs_converter` reads Keras and TensorFlow models).',
  );
}

function parse(path: string, bytes: Uint8Array): ModelJson {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new CliError(
      `${path} is damaged: it is not JSON (${messageOf(error)}).`,
      'Copy or save the model again.',
      error,
    );
  }
  if (!isModelJson(json))
    throw new CliError(`${path} is JSON, but not a TensorFlow.js model: it has no modelTopology.`, SAVE);
  return json;
}

function isModelJson(json: unknown): json is ModelJson {
  return json !== null && typeof json === 'object' && 'modelTopology' in json && json.modelTopology instanceof Object;
}

function kindOf(path: string, { format, modelTopology }: ModelJson): 'layers' | 'graph' {
  if (format === 'graph-model' || 'node' in modelTopology) return 'graph';
  if (format === 'layers-model' || 'model_config' in modelTopology || 'class_name' in modelTopology) return 'layers';
  throw new CliError(`${path} is neither a LayersModel nor a GraphModel (format ${JSON.stringify(format)}).`, SAVE);
}

async function readWeights(json: string, name: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(join(dirname(json), name)));
  } catch (error) {
    throw new CliError(
      `The weights ${name}, which ${basename(json)} names, cannot be read (${messageOf(error)}).`,
      'Copy all files of the model into one folder.',
      error,
    );
  }
}

const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** Truncated weights would otherwise show up as an error deep inside tfjs, or as a model of zeros. */
function checkSize(path: string, specs: readonly io.WeightsManifestEntry[], shards: readonly Uint8Array[]): void {
  const sizes = specs.map(({ shape, dtype, quantization }) => {
    const per = BYTES[quantization?.dtype ?? dtype];
    return per === undefined ? Number.NaN : shape.reduce((a, b) => a * b, per);
  });
  const expected = sizes.reduce((a, b) => a + b, 0);
  const got = shards.reduce((sum, { length }) => sum + length, 0);
  if (Number.isFinite(expected) && expected !== got)
    throw new CliError(
      `The weights of ${path} are damaged: ${got} bytes, where ${expected} are named in it.`,
      'Copy or save the model again.',
    );
}

function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.buffer;
}
