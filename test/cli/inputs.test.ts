import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { seedWeights } from '../support/smallModels';
import { runCli, scratchFolder } from './runCli';
import { saveLayers } from './savedModels';

const scratch = scratchFolder();
const QUICK = ['--samples', '4', '--attacked', '2', '--rays', '0', '--json', '-'] as const;

async function audit(folder: string, ...more: string[]) {
  const { code, stdout, stderr } = await runCli(scratch, ['audit', folder, ...QUICK, ...more]);
  expect(stderr).toBe('');
  // 3: an attack without gradients, as on a flat model, is no measurement.
  expect([0, 3]).toContain(code);
  const result = JSON.parse(stdout);
  return { result, rows: result.rows.map(({ name }: { name: string }) => name), notes: result.notes.join(' ') };
}

describe('a model of inputs [H, W]', () => {
  const ends = () => [layers.flatten(), layers.dense({ units: 3, activation: 'softmax' })];

  test('is audited as one of images, with smooth noise and pictures, unless --image says no', async () => {
    const model = seedWeights(sequential({ layers: [layers.inputLayer({ inputShape: [6, 6] }), ...ends()] }), 1);
    const folder = await saveLayers(model, join(scratch, 'tutorial'));
    const html = join(scratch, 'tutorial.html');
    const { rows, notes } = await audit(folder, '--html', html);
    expect(rows).toEqual(['uniform noise', 'smooth noise', 'adversarial noise']);
    expect(notes).toContain('Inputs 6x6 are taken for images of one channel; with --image no each value');
    expect(await readFile(html, 'utf8')).toContain('What it saw');
    const other = await audit(folder, '--image', 'no');
    expect(other.rows).toEqual(['uniform noise', 'adversarial noise']);
    expect(other.notes).not.toContain('--image');
  });

  test('whose first layer is Conv1D is audited as one of sequences, unless --image says yes', async () => {
    const first = layers.conv1d({ inputShape: [6, 6], filters: 2, kernelSize: 3 });
    const folder = await saveLayers(seedWeights(sequential({ layers: [first, ...ends()] }), 2), join(scratch, 'audio'));
    const { rows, notes } = await audit(folder);
    expect(rows).toEqual(['uniform noise', 'adversarial noise']);
    expect(notes).toContain('reads its inputs as a sequence');
    expect((await audit(folder, '--image', 'yes')).rows).toContain('smooth noise');
  });
});

describe('bounds that nobody has given', () => {
  // Sure of class 0 where the mean is above 1, and undecided otherwise.
  const detector = () => {
    const model = sequential({
      layers: [
        layers.flatten({ inputShape: [4, 4, 1] }),
        layers.dense({ units: 1, activation: 'relu' }),
        layers.dense({ units: 2 }),
      ],
    });
    const values = [tf.fill([16, 1], 1 / 16), tf.tensor1d([-1]), tf.tensor2d([[40, 0]]), tf.zeros([2])];
    model.setWeights(values);
    return model;
  };

  test('are said to be an assumption, with the confidence on noise in the other usual boxes', async () => {
    const folder = await saveLayers(detector(), join(scratch, 'detector'));
    const { result } = await audit(folder);
    expect(result.model).toMatchObject({ bounds: [0, 1], boundsFrom: 'assumed' });
    expect(result.verdict.details[0]).toBe(
      'The bounds [0, 1] are an assumption: neither the model nor --bounds tells where its inputs lie. It matters: its mean confidence on 4 images of uniform noise is 50 % there, but 100 % in [0, 255] and 50 % in [-1, 1]. If its inputs lie elsewhere, say so: --bounds 0,255.',
    );
    const told = await audit(folder, '--bounds', '0,1');
    expect(told.result.model.boundsFrom).toBe('given');
    expect(told.result.verdict.details.join(' ')).not.toContain('assumption');
    expect(told.result.rows).toEqual(result.rows);
  });

  test('make little difference to a model that is undecided everywhere', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [3], units: 2, kernelInitializer: 'zeros' })] });
    const { result } = await audit(await saveLayers(model, join(scratch, 'undecided')));
    expect(result.verdict.details[0]).toContain('makes little difference');
    expect(result.verdict.details[0]).toContain('and 50 % in [-1, 1] and 50 % in [-3, 3].');
  });

  test('are those of a first Rescaling, which the notes say', async () => {
    const model = sequential({ layers: [layers.rescaling({ inputShape: [4, 4, 1], scale: 1 / 255 }), detector()] });
    const { result, notes } = await audit(await saveLayers(model, join(scratch, 'rescaled')));
    expect(result.model).toMatchObject({ bounds: [0, 255], boundsFrom: 'model' });
    expect(notes).toContain(
      'The bounds [0, 255] are those of the model itself, by its first rescaling or because it takes bytes.',
    );
    expect(result.settings.adversarialNoise.epsilon).toBeCloseTo(76.5, 9);
  });
});

test('a model of text is refused in words and with code 2', async () => {
  const model = sequential({
    layers: [
      layers.embedding({ inputDim: 9, outputDim: 2, inputLength: 5 }),
      layers.flatten(),
      layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const folder = await saveLayers(model, join(scratch, 'text'));
  const { code, stderr } = await runCli(scratch, ['audit', folder]);
  expect(code).toBe(2);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain('one of token ids, which layer "embedding');
});

/** An array of numbers as NumPy saves it. */
function npy(type: '<f4' | '<i4', shape: readonly number[], values: readonly number[]): Uint8Array {
  const head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`.padEnd(117);
  const data = type === '<f4' ? Float32Array.from(values) : Int32Array.from(values);
  const start = Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, 118, 0);
  return Uint8Array.of(...start, ...new TextEncoder().encode(`${head}\n`), ...new Uint8Array(data.buffer));
}

test('a model of vectors has its bounds from the data, feature by feature, and says so', async () => {
  const model = seedWeights(sequential({ layers: [layers.dense({ inputShape: [3], units: 2 })] }), 1);
  const folder = await saveLayers(model, join(scratch, 'vectors'));
  const data = join(scratch, 'table');
  await mkdir(data);
  await writeFile(join(data, 'x.npy'), npy('<f4', [3, 3], [20, -4, 7, 80, 12, 7, 50, 2, 7]));
  await writeFile(join(data, 'y.npy'), npy('<i4', [3], [0, 1, 0]));
  const { result, notes, rows } = await audit(folder, '--data', data);
  expect(result.model).toMatchObject({ bounds: { low: [20, -4, 6.5], high: [80, 12, 7.5] }, boundsFrom: 'given' });
  expect(notes).toContain('The bounds of the 3 features are their lowest and highest values in');
  expect(notes).toContain('Features 2 (from 0) never vary there, and were given a width of 1.');
  expect(rows).toEqual(['in-distribution', 'uniform noise', 'permuted noise', 'adversarial noise']);
  expect(result.settings.adversarialNoise.epsilon).toBe(0.3);
  expect((await audit(folder, '--data', data, '--bounds', '-10,100')).result.model.bounds).toEqual([-10, 100]);
});
