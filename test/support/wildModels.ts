import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import type { io } from '@tensorflow/tfjs-core';
import { createRng } from '../../src/core/rng';

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

/** The models that are there; tests of those that are not are skipped, and say so. */
export const wildNames: readonly string[] = existsSync(wildModels) ? readdirSync(wildModels).filter(hasWildModel) : [];

/** The names for `it.skipIf(wildNames.length === 0).each`: a suite without any test would fail instead of being skipped. */
export const wildCases: readonly string[] = wildNames.length === 0 ? ['none is here'] : wildNames;
if (wildNames.length === 0) console.warn(`SKIPPED: no models in ${wildModels}; set RELU_WILD to their folder.`);

/** Writes a model that came without weights into a folder, with seeded ones in the sizes that keep values near 1. */
export async function fillTopology(name: string, folder: string, seed = 1): Promise<string> {
  const json: ModelJson = JSON.parse(readFileSync(join(wildModels, name, 'model.json'), 'utf8'));
  const specs = json.weightsManifest.flatMap(({ weights }) => weights);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'model.json'),
    JSON.stringify({ ...json, weightsManifest: [{ paths: ['weights.bin'], weights: specs }] }),
  );
  await writeFile(join(folder, 'weights.bin'), seededWeights(specs, seed));
  return folder;
}

/** Bytes of seeded float32 weights: kernels as He et al. draw them, variances from 0.5 to 1.5, the rest small. */
export function seededWeights(specs: readonly io.WeightsManifestEntry[], seed: number): Uint8Array {
  const rng = createRng(seed);
  const parts = specs.map(({ name, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const fanIn = Math.max(1, /depthwise/.test(name) ? shape[0]! * shape[1]! : size / (shape.at(-1) ?? 1));
    const draw = /kernel/.test(name)
      ? () => rng.normal() * Math.sqrt(2 / fanIn)
      : /variance|gamma/.test(name)
        ? () => 0.5 + rng.uniform()
        : () => 0.1 * rng.normal();
    return Float32Array.from({ length: size }, draw);
  });
  return new Uint8Array(Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
}
