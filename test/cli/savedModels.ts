import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';

/** Writes a model as tfjs does, and gives its folder. */
export async function saveLayers(model: LayersModel, folder: string): Promise<string> {
  let artifacts: io.ModelArtifacts | undefined;
  const save: io.SaveHandler = async (saved) => {
    artifacts = saved;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  };
  await model.save({ save });
  const { modelTopology, weightData, weightSpecs } = artifacts!;
  return write(folder, 'layers-model', modelTopology, weightSpecs, weightData as ArrayBuffer);
}

/** A GraphModel `[?, 2] -> softmax(f(x W) V)` with three classes, written node by node; f is an operation of TensorFlow, `type` that of x. */
export async function saveGraph(
  folder: string,
  f: 'Relu' | 'Round' | 'Cumprod' = 'Relu',
  type = 'DT_FLOAT',
): Promise<string> {
  const float = { T: { type: 'DT_FLOAT' } };
  const sizes = (...shape: number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });
  const constant = (name: string, ...shape: number[]) => ({
    name,
    op: 'Const',
    attr: { dtype: { type: 'DT_FLOAT' }, value: { tensor: { dtype: 'DT_FLOAT', tensorShape: sizes(...shape) } } },
  });
  const multiply = (name: string, ...input: string[]) => ({
    name,
    op: 'MatMul',
    input,
    attr: { ...float, transpose_a: { b: false }, transpose_b: { b: false } },
  });
  const axis = {
    name: 'axis',
    op: 'Const',
    attr: { dtype: { type: 'DT_INT32' }, value: { tensor: { dtype: 'DT_INT32', tensorShape: sizes() } } },
  };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type }, shape: { shape: sizes(-1, 2) } } },
    constant('w', 2, 4),
    constant('v', 4, 3),
    multiply('hidden', 'x', 'w'),
    ...(f === 'Cumprod' ? [axis] : []),
    { name: 'f', op: f, input: f === 'Cumprod' ? ['hidden', 'axis'] : ['hidden'], attr: float },
    multiply('logits', 'f', 'v'),
    { name: 'probabilities', op: 'Softmax', input: ['logits'], attr: float },
  ];
  const specs: io.WeightsManifestEntry[] = [
    { name: 'w', shape: [2, 4], dtype: 'float32' },
    { name: 'v', shape: [4, 3], dtype: 'float32' },
    ...(f === 'Cumprod' ? [{ name: 'axis', shape: [], dtype: 'int32' as const }] : []),
  ];
  const weights = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i + 1));
  const last = f === 'Cumprod' ? [...new Uint8Array(Int32Array.of(1).buffer)] : [];
  const data = Uint8Array.of(...new Uint8Array(weights.buffer), ...last);
  return write(folder, 'graph-model', { node, versions: { producer: 1 } }, specs, data.buffer);
}

/** A network for one number x in [-1, 1] whose logits are 3 (x + 1) and 0. */
export async function saveShifted(folder: string): Promise<string> {
  const model = sequential({ layers: [layers.dense({ inputShape: [1], units: 2, name: 'shifted' })] });
  const kernel = Float32Array.of(3, 0);
  const bias = Float32Array.of(3, 0);
  const saved = JSON.parse(model.toJSON() as string);
  const specs: io.WeightsManifestEntry[] = [
    { name: 'shifted/kernel', shape: [1, 2], dtype: 'float32' },
    { name: 'shifted/bias', shape: [2], dtype: 'float32' },
  ];
  return write(folder, 'layers-model', saved, specs, Float32Array.of(...kernel, ...bias).buffer);
}

async function write(
  folder: string,
  format: string,
  modelTopology: unknown,
  weights: io.WeightsManifestEntry[] | undefined,
  data: ArrayBufferLike,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'weights.bin'), new Uint8Array(data));
  const weightsManifest = [{ paths: ['weights.bin'], weights }];
  await writeFile(join(folder, 'model.json'), JSON.stringify({ format, modelTopology, weightsManifest }));
  return folder;
}
