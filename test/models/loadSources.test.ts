import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OverconfidenceError } from '../../src/core/errors';
import { type LoadModelOptions, loadModel, type ModelSource, mlp, saveModel } from '../../src/models';
import { toldOfMetadata } from '../../src/models/load/readMetadata';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { serveFolder } from '../support/serveFolder';
import { wildModels, wildNames } from '../support/wildModels';
import { writeZip, type ZipEntry } from '../support/writeZip';

let root: string;
let server: Awaited<ReturnType<typeof serveFolder>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'load-sources-'));
  server = await serveFolder(root);
});
afterAll(async () => {
  server.close();
  await rm(root, { recursive: true });
});

/** A model of one dense layer that doubles one number. */
const weights = new Uint8Array(Float32Array.of(2, 0).buffer);
const manifest = (...paths: string[]) => [
  {
    paths,
    weights: [
      { name: 'd/kernel', shape: [1, 1], dtype: 'float32' },
      { name: 'd/bias', shape: [1], dtype: 'float32' },
    ],
  },
];
const modelJson = (weightsManifest: unknown = manifest('weights.bin'), more: object = {}) =>
  JSON.stringify({
    format: 'layers-model',
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 's',
        layers: [{ class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 1] } }],
      },
    },
    weightsManifest,
    ...more,
  });
const metadata = JSON.stringify({
  labels: ['a'],
  packageName: '@teachablemachine/image',
  userMetadata: { of: 'mine' },
});

/** Writes files below a fresh folder and gives its path. */
async function lay(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(root, 'set-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

const zip = (entries: Readonly<Record<string, string | Uint8Array>>, more: Partial<ZipEntry> = {}) =>
  writeZip(Object.entries(entries).map(([name, content]) => ({ name, content: Buffer.from(content), ...more })));
const whole = { 'model.json': modelJson(), 'weights.bin': weights, 'metadata.json': metadata };
/** The same as `saveModel` writes it: `model.json` tells of the metadata. */
const told = { ...whole, 'model.json': modelJson(manifest('weights.bin'), { metadata: 'metadata.json' }) };
const file = (name: string, content: string | Uint8Array) => new File([new Uint8Array(Buffer.from(content))], name);

describe('loadModel reads a model', () => {
  const sources: [string, () => ModelSource | Promise<ModelSource>][] = [
    ['by the path of its model.json', async () => join(await lay(whole), 'model.json')],
    ['by its folder', () => lay(whole)],
    [
      'by a folder with another name for model.json',
      () => lay({ 'my.json': modelJson(), 'weights.bin': weights, 'metadata.json': metadata }),
    ],
    ['in a .zip on the disk', async () => join(await lay({ 'm.zip': zip(whole) }), 'm.zip')],
    ['in a .zip that has another name', async () => join(await lay({ 'download (1)': zip(whole) }), 'download (1)')],
    [
      'in a folder of a .zip, beside what macOS puts there',
      () =>
        zip({
          '__MACOSX/._model.json': 'x',
          'a/model.json': modelJson(),
          'a/weights.bin': weights,
          'a/metadata.json': metadata,
          'a/b/model.json': '{}',
        }),
    ],
    ['in a .zip that packs nothing', () => zip(whole, { stored: true })],
    ['in the bytes of a .zip', () => zip(whole).buffer],
    ['in a .zip that a user has picked', () => [file('m.zip', zip(whole))]],
    ['in a Blob', () => new Blob([zip(whole)])],
    ['in files that a user has picked', () => Object.entries(whole).map(([name, content]) => file(name, content))],
    ['on a server', async () => `${server.origin}${(await lay(told)).slice(root.length)}/model.json?v=2`],
    ['in a folder of a server', async () => new URL(`${server.origin}${(await lay(told)).slice(root.length)}/`)],
    [
      'in a .zip of a server',
      async () => `${server.origin}${(await lay({ 'm.zip': zip(whole) })).slice(root.length)}/m.zip`,
    ],
  ];
  it.each(sources)('%s, with what lies beside it', (_, source) =>
    expectNoLeak(async () => {
      const { model, kind, labels, bounds, metadata: all } = await loadModel(await source());
      expect({ kind, labels, bounds, mine: all!.userMetadata }).toEqual({
        kind: 'layers',
        labels: ['a'],
        bounds: [-1, 1],
        mine: { of: 'mine' },
      });
      const y = tf.tidy(() => model.predict(tf.tensor2d([[21]]), {}) as tf.Tensor);
      expect(Array.from(await y.data())).toEqual([42]);
      tf.dispose(y);
      model.dispose();
    }),
  );

  it('without a metadata.json, and in shards within a folder', async () => {
    const shards = {
      'model.json': modelJson(manifest('w/1', './w/2')),
      'w/1': weights.subarray(0, 3),
      'w/2': weights.subarray(3),
    };
    for (const source of [await lay(shards), zip(shards)]) {
      const loaded = await loadModel(source);
      expect(Object.keys(loaded).sort()).toEqual(['from', 'kind', 'model', 'notes']);
      loaded.model.dispose();
    }
  });
});

describe('loadModel asks a server for metadata.json only', () => {
  /** The files that are asked for when a model is read, one after the other, and what becomes of them. */
  const read = async (folder: string, options?: LoadModelOptions) => {
    const before = server.asked.length;
    const { model, labels } = await loadModel(`${server.origin}${folder.slice(root.length)}/`, options);
    model.dispose();
    return { asked: server.asked.slice(before).map((path) => path.slice(path.lastIndexOf('/') + 1)), labels };
  };
  const files = ['model.json', 'weights.bin'];

  it('where model.json tells of it', async () => {
    expect(await read(await lay(told))).toEqual({ asked: [...files, 'metadata.json'], labels: ['a'] });
    expect(await read(await lay(whole))).toEqual({ asked: files, labels: undefined });
  });

  it('or where the option says so, which can also say no', async () => {
    expect(await read(await lay(whole), { metadata: true })).toMatchObject({ labels: ['a'] });
    expect(await read(await lay(told), { metadata: false })).toEqual({ asked: files, labels: undefined });
    const source = await lay(whole);
    await expectRefusal(() => loadModel(source, { metadata: 1 as never }), {
      code: 'INVALID_OPTION',
      fn: 'loadModel',
      argument: 'metadata',
    });
  });

  it.each([{}, { labels: ['a', 'b'] }])('as saveModel has written it: %o', async (options) => {
    const [folder, model] = [await mkdtemp(join(root, 'saved-')), mlp({ inputShape: [2], hidden: [], classes: 2 })];
    await saveModel(model, folder, options);
    model.dispose();
    const { labels } = options;
    expect(await read(folder)).toEqual({ asked: labels ? [...files, 'metadata.json'] : files, labels });
  });

  it.skipIf(wildNames.length === 0)('where the layers are those of Teachable Machine', async () => {
    const asked: string[] = [];
    for (const name of wildNames) {
      const json = JSON.parse(await readFile(join(wildModels, name, 'model.json'), 'utf8'));
      if (toldOfMetadata(json)) asked.push(name);
    }
    expect(asked).toEqual(wildNames.filter((name) => name.includes('teachable-machine')));
  });

  it('of pictures, sounds or poses, saved by tfjs', () => {
    const dense = (input: number) => ({ class_name: 'Dense', config: { batch_input_shape: [null, input] } });
    const head = { class_name: 'Sequential', config: { layers: [dense(1280), dense(100)] } };
    const is = (layers: object[], keras_version = 'tfjs-layers 1.7.4') =>
      toldOfMetadata({ modelTopology: { class_name: 'Sequential', config: { layers }, keras_version } });
    expect(is([head, head])).toBe(true);
    expect(is([dense(43), head])).toBe(true);
    expect(is([dense(14_739), { class_name: 'Dropout', config: {} }, dense(100)])).toBe(true);
    expect(is([dense(43), dense(100)])).toBe(false);
    expect(is([head, head], '2.15.0')).toBe(false);
    expect(toldOfMetadata({ modelTopology: { node: [] } })).toBe(false);
  });
});

describe('loadModel refuses, in a sentence with a remedy and without leaving anything behind,', () => {
  const outside = /outside.* Do not trust this model/s;
  const linked = async (name: string, target: string) => {
    const folder = await lay({
      'model.json': modelJson(),
      ...(name === 'weights.bin' ? {} : { 'weights.bin': weights }),
    });
    await symlink(target, join(folder, name));
    return folder;
  };
  const asking = (path: string) => lay({ 'model.json': modelJson(manifest(path)), 'weights.bin': weights });
  const served = async (path: string) => `${server.origin}${(await asking(path)).slice(root.length)}/model.json`;
  const cases: [string, () => unknown, RegExp][] = [
    ['weights in a folder above', () => asking('../secret.bin'), outside],
    ['weights above by way of a folder', () => asking('a/../../secret.bin'), outside],
    ['weights above as Windows writes them', () => asking('..\\secret.bin'), outside],
    ['weights by an absolute path', () => asking('/etc/hostname'), outside],
    ['weights by an absolute path of Windows', () => asking('C:\\secret.bin'), outside],
    ['weights by an address', () => asking('http://127.0.0.1:9/weights.bin'), outside],
    ['weights by an address of a file', () => asking('file:///etc/hostname'), outside],
    [
      'weights that are a link to another folder',
      async () => linked('weights.bin', join(await lay({ s: weights }), 's')),
      outside,
    ],
    [
      'metadata that are a link to another folder',
      async () => linked('metadata.json', join(await lay({ s: '{}' }), 's')),
      outside,
    ],
    ['weights above on a server', () => served('../secret.bin'), outside],
    ['weights above on a server, written otherwise', () => served('%2e%2e/secret.bin'), outside],
    ['weights on another server', () => served('//127.0.0.1:9/x'), outside],
    ['a zip with a file above', () => zip({ ...whole, '../evil': 'x' }), outside],
    ['a zip with an absolute path', () => zip({ ...whole, '/evil': 'x' }), outside],
    [
      'a zip with a link',
      () =>
        writeZip([
          ...Object.entries(whole).map(([name, c]) => ({ name, content: Buffer.from(c) })),
          { name: 'l', content: Buffer.from('/etc/hostname'), mode: 0o120777 },
        ]),
      outside,
    ],
    [
      'a zip whose model asks for weights above',
      () => zip({ 'm/model.json': modelJson(manifest('../weights.bin')), 'weights.bin': weights }),
      outside,
    ],
    ['an encrypted zip', () => zip(whole, { encrypted: true }), /encrypted/],
    ['a zip without a model', () => zip({ 'readme.txt': 'x' }), /one without\. Save the model/],
    ['an empty zip', () => Buffer.concat([zip(whole).subarray(0, 4), writeZip([])]), /an empty one/],
    [
      'a zip of TensorFlow Lite',
      () => zip({ 'model_unquant.tflite': 'x', 'labels.txt': 'a' }),
      /TensorFlow Lite.*Take the Keras model/s,
    ],
    [
      'a zip of Keras',
      () => zip({ 'config.json': '{}', 'metadata.json': '{}', 'model.weights.h5': 'x' }),
      /file of Keras/,
    ],
    [
      'a zip with two models',
      () => zip({ 'a/model.json': '{}', 'b/model.json': '{}' }),
      /"a\/model.json", "b\/model.json"/,
    ],
    ['a truncated zip', () => zip(whole).subarray(0, 300), /its directory is missing/],
    ['a zip bomb', () => zip({ 'model.json': ' '.repeat(2 ** 25) }), /zip bomb/],
    [
      'a zip that claims less than it holds',
      () => zip({ 'model.json': `${modelJson()}${' '.repeat(5000)}` }, { claims: 100 }),
      /100 bytes once inflated/,
    ],
    ['a zip that claims a giant model.json', () => zip(whole, { claims: 2 ** 31 }), /at most 67108864 bytes/],
    [
      'a damaged zip',
      () => {
        const bytes = zip(whole);
        bytes.fill(255, 45, 80);
        return bytes;
      },
      /inflated/,
    ],
    ['truncated JSON', () => lay({ 'model.json': modelJson().slice(0, 99) }), /damaged or not JSON.*Copy or save/s],
    ['other JSON', () => lay({ 'model.json': '{"name": "x"}' }), /but got other JSON\. Save the model/],
    ['JSON that is only null', () => lay({ 'model.json': 'null' }), /other JSON/],
    [
      'a manifest of something else',
      () => lay({ 'model.json': modelJson([{ paths: [3], weights: [] }]) }),
      /other JSON/,
    ],
    [
      'a negative size',
      () =>
        lay({ 'model.json': modelJson([{ paths: ['w'], weights: [{ name: 'a', dtype: 'float32', shape: [-1] }] }]) }),
      /other JSON/,
    ],
    [
      'weights that fit into no memory',
      () =>
        lay({
          'model.json': modelJson([{ paths: ['w'], weights: [{ name: 'a', dtype: 'float32', shape: [1e6, 1e6] }] }]),
        }),
      /4000000000000 bytes of weights/,
    ],
    [
      'a format that it does not know',
      () => lay({ 'model.json': JSON.stringify({ format: 'x', modelTopology: {} }) }),
      /the format "x"/,
    ],
    ['truncated weights', () => lay({ ...whole, 'weights.bin': weights.subarray(1) }), /of 8 bytes.*weights of 7/],
    ['weights that are too long', () => lay({ ...whole, 'weights.bin': new Uint8Array(9) }), /at most 8 bytes.* got 9/],
    ['missing weights', () => lay({ 'model.json': modelJson() }), /"weights.bin".*Copy all files/],
    [
      'a folder in the place of weights',
      () => lay({ 'model.json': modelJson(), 'weights.bin/x': 'y' }),
      /a plain file/,
    ],
    ['damaged metadata', () => lay({ ...whole, 'metadata.json': '[' }), /whole metadata\.json/],
    ['an empty folder', () => mkdtemp(join(root, 'empty-')), /an empty one/],
    ['a folder with two JSON files', () => lay({ 'a.json': '{}', 'b.json': '{}' }), /"a\.json", "b\.json"/],
    [
      'a SavedModel',
      () => lay({ 'saved_model.pb': 'x', 'variables/variables.index': 'y' }),
      /SavedModel of TensorFlow.*Convert it with/s,
    ],
    ...Object.entries({
      h5: 'Convert it with',
      keras: 'Convert it with',
      tflite: 'Take the Keras model',
      mlmodel: 'Take the Keras model',
      safetensors: 'Take the Keras model',
      onnx: 'First make a SavedModel of it',
      pt: 'First export the network',
    }).map(([end, remedy]): [string, () => unknown, RegExp] => [
      `a .${end}`,
      async () => join(await lay({ [`net.${end}`]: 'x' }), `net.${end}`),
      new RegExp(`in the format of TensorFlow\\.js.*${remedy}`, 's'),
    ]),
    [
      'a file of Keras by another name',
      () => lay({ 'model.json': Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10) }),
      /Keras \(HDF5\)/,
    ],
    ['a path where nothing is', () => join(root, 'nowhere'), /to be there, but got nothing/],
    ['an address where nothing is', () => `${server.origin}/nowhere/model.json`, /to be there, but got nothing/],
    ['a server that does not answer', () => 'http://127.0.0.1:9/model.json', /Check the address/],
    ['files without a model.json', () => [file('weights.bin', weights), file('b', weights)], /one without/],
    ['JSON without its weights', () => new Blob([modelJson()]), /JSON alone, without its weights/],
    ['something else', () => 3, /a path, an address/],
    ['an empty list', () => [], /a path, an address/],
  ];
  it.each(cases)('%s', async (_, source, message) => {
    const given = (await source()) as ModelSource;
    const before = tf.memory().numTensors;
    const error = await loadModel(given).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(OverconfidenceError);
    expect((error as Error).message).toMatch(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('and does not touch what lies outside', async () => {
    const folder = await lay({ 'inner/model.json': modelJson(manifest('../weights.bin')), 'weights.bin': weights });
    await expect(loadModel(join(folder, 'inner'))).rejects.toThrow(outside);
    const digest = createHash('sha256')
      .update(await readFile(join(folder, 'weights.bin')))
      .digest('hex');
    expect(digest).toBe(createHash('sha256').update(weights).digest('hex'));
  });
});
