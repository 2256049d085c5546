import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, mlp, resnetSmall, saveModel } from '../../src/models';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { numbers } from './naiveNetwork';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'save-model-'));
});
afterAll(() => rm(root, { recursive: true }));
const fresh = () => mkdtemp(join(root, 'set-'));
const small = (seed: number) => mlp({ inputShape: [3], hidden: [2], classes: 2, seed });
const json = async (folder: string, name = 'model.json') => JSON.parse(await readFile(join(folder, name), 'utf8'));

/** The model in a folder as tfjs alone reads it. */
async function plain(folder: string): Promise<LayersModel> {
  const { modelTopology, weightsManifest } = await json(folder);
  const [{ paths, weights: weightSpecs }] = weightsManifest;
  const weightData = new Uint8Array(await readFile(join(folder, paths[0]))).buffer;
  return loadLayersModel({ load: async () => ({ modelTopology, weightSpecs, weightData }) });
}

function outputs(model: LayersModel, seed = 3): number[] {
  const shape = model.inputs[0]!.shape.map((size) => size ?? 2);
  return tf.tidy(() => numbers(model.predict(tf.randomNormal(shape, 0, 1, 'float32', seed)) as tf.Tensor));
}

describe('saveModel', () => {
  it.each([
    ['mlp', () => small(1)],
    ['resnetSmall, with batch normalisation', () => resnetSmall({ inputShape: [8, 8, 1], classes: 3, seed: 2 })],
  ])('writes what plain tfjs and loadModel read back, bit for bit: %s', async (_, make) => {
    const model = make();
    const folder = join(await fresh(), 'of/its/own');
    expect(await expectNoLeak(() => saveModel(model, folder))).toBe(join(folder, 'model.json'));
    expect(await readdir(folder)).toEqual(['model.json', 'weights.bin']);
    const again = await plain(folder);
    const loaded = (await loadModel(folder)).model as LayersModel;
    expect(outputs(again)).toEqual(outputs(model));
    expect(outputs(loaded)).toEqual(outputs(model));
    tf.dispose([model, again, loaded].flatMap((one) => one.weights.map((weight) => weight.read())));
  });

  it('tells weights of one name apart by the models around them, frozen or not', async () => {
    const part = (name: string, trainable: boolean) => {
      const model = sequential({
        name,
        layers: [layers.dense({ units: 3, inputShape: [3], name: 'dense', kernelInitializer: 'glorotNormal' })],
      });
      model.trainable = trainable;
      return model;
    };
    const model = sequential({ name: 'whole', layers: [part('a', false), part('b', true)] });
    const folder = await fresh();
    await saveModel(model, folder);
    const loaded = (await loadModel(folder)).model as LayersModel;
    expect(outputs(loaded)).toEqual(outputs(model));
    const names = (await json(folder)).weightsManifest[0].weights.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['whole/a/dense/kernel', 'whole/a/dense/bias', 'whole/b/dense/kernel', 'whole/b/dense/bias']);
    tf.dispose([...model.weights, ...loaded.weights].map((weight) => weight.read()));
  });

  it('keeps what stands in metadata.json, with new labels', async () => {
    const [model, folder] = [small(1), await fresh()];
    const metadata = { packageName: '@teachablemachine/image', labels: ['x', 'y'], userMetadata: { a: 1 } };
    await saveModel(model, folder, { metadata, labels: ['yes', 'no'] });
    expect(await json(folder, 'metadata.json')).toEqual({ ...metadata, labels: ['yes', 'no'] });
    await saveModel(model, folder, { labels: ['a', 'b'], overwrite: true });
    const loaded = await loadModel(folder);
    expect(loaded).toMatchObject({ labels: ['a', 'b'], bounds: [-1, 1], metadata: { userMetadata: { a: 1 } } });
    model.dispose();
    loaded.model.dispose();
  });

  it('replaces a model only when asked to, never the weights of one that is still named, and takes away the old ones', async () => {
    const [one, two, folder] = [small(1), small(2), await fresh()];
    await writeFile(join(folder, 'weights.bin'), 'of another');
    await saveModel(one, folder);
    await expectRefusal(() => saveModel(two, folder), { code: 'INVALID_OPTION', fn: 'saveModel', argument: 'folder' });
    await saveModel(two, folder, { overwrite: true });
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights-3.bin', 'weights.bin']);
    expect(await readFile(join(folder, 'weights.bin'), 'utf8')).toBe('of another');
    const loaded = (await loadModel(folder)).model as LayersModel;
    expect(outputs(loaded)).toEqual(outputs(two));
    for (const model of [one, two, loaded]) model.dispose();
  });

  it('leaves the old model whole when it cannot go on', async () => {
    const [one, two, folder] = [small(1), small(2), await fresh()];
    await saveModel(one, folder);
    const before = await readFile(join(folder, 'model.json'), 'utf8');
    two.dispose();
    await expect(saveModel(two, folder, { overwrite: true })).rejects.toThrow();
    expect(await readFile(join(folder, 'model.json'), 'utf8')).toBe(before);
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights.bin']);
    one.dispose();
  });

  it('refuses what is not a LayersModel, a folder or names', async () => {
    const model = small(1);
    const refused = (argument: string, code: 'INVALID_ARGUMENT' | 'INVALID_OPTION') => ({
      code,
      fn: 'saveModel',
      argument,
    });
    await expectRefusal(() => saveModel({} as LayersModel, 'x'), refused('model', 'INVALID_ARGUMENT'));
    await expectRefusal(() => saveModel(model, ''), refused('folder', 'INVALID_ARGUMENT'));
    await expectRefusal(() => saveModel(model, root, { labels: 'ab' as never }), refused('labels', 'INVALID_OPTION'));
    await expectRefusal(() => saveModel(model, root, { label: ['a'] } as never), refused('options', 'INVALID_OPTION'));
    model.dispose();
  });
});
