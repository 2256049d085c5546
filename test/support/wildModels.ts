import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import type { io } from '@tensorflow/tfjs-core';

/** The folder with models that people have published, which is not part of the repository. */
export const wildModels = process.env.RELU_WILD ?? '../shared/wild-models';

/** Whether a model is there; a test without it is skipped, and its name says so. */
export function hasWildModel(name: string): boolean {
  return existsSync(join(wildModels, name, 'model.json'));
}

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: io.WeightsManifestEntry[] }[];
}

/** The parts of a model as tfjs takes them from memory. */
export function wildArtifacts(name: string): io.ModelArtifacts {
  const json = JSON.parse(readFileSync(join(wildModels, name, 'model.json'), 'utf8')) as ModelJson & io.ModelArtifacts;
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const bytes = Buffer.concat(paths.map((path) => readFileSync(join(wildModels, name, path))));
  return {
    ...json,
    weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  };
}

export function loadWildGraphModel(name: string): Promise<GraphModel> {
  return loadGraphModel({ load: async () => wildArtifacts(name) });
}
