import { readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zeros } from '@tensorflow/tfjs-core';
import { layers, type SymbolicTensor, sequential, input as tfInput, model as tfModel } from '@tensorflow/tfjs-layers';
import { evaluateOod, maxConfidenceAttack, paperSampler, uniformNoise } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import { beforeAll, describe, expect, test } from 'vitest';
import { runCli, scratchFolder } from './runCli';
import { saveGraph, saveLayers, saveShifted } from './savedModels';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const QUICK = ['--backend', 'cpu', '--samples', '60', '--attacked', '10', '--steps', '4', '--rays', '5', '--seed', '7'];
const audit = (...args: string[]) => runCli(folder, ['audit', ...args, ...QUICK]);

const softmaxEnded = () =>
  sequential({ layers: [mlp({ inputShape: [4, 4, 1], hidden: [12], classes: 3, seed: 1 }), layers.softmax()] });

beforeAll(async () => {
  await saveLayers(softmaxEnded(), at('softmax'));
  await saveGraph(at('graph'));
  await saveShifted(at('shifted'));
});

describe('audit of a LayersModel that ends in a softmax', () => {
  test('says what evaluateOod says of its logits, as JSON, as HTML without addresses, and breaks --max-mmc with code 1', async () => {
    const files = ['--json', 'audit.json', '--html', 'audit.html', '--max-mmc', '0.35'];
    const { code, stdout, stderr } = await audit('softmax', ...files);
    expect(stderr).toBe('');
    expect(code).toBe(1);
    expect(stdout).toMatch(/adversarial\s+noise is [\d.]+ %, where 33.3 % would say "I do not know"/);
    expect(stdout).toContain('FAILED  Above --max-mmc 0.35: ');
    const result = JSON.parse(await readFile(at('audit.json'), 'utf8'));
    const x = zeros([1, 4, 4, 1]);
    const smooth = paperSampler({ permutedFraction: 0 });
    const expected = await evaluateOod(softmaxEnded(), {
      in: { x, y: zeros([1]) },
      noise: { 'uniform noise': (images, rng) => uniformNoise(images.shape, { rng }), 'smooth noise': smooth },
      noiseSamples: 60,
      adversarialNoise: { start: smooth, attack: maxConfidenceAttack, samples: 10, steps: 4 },
      adversarialSamples: false,
      attackBatchSize: 25,
      seed: 7,
    });
    const means = (rows: typeof expected.rows) => rows.map(({ name, meanMaxConfidence }) => [name, meanMaxConfidence]);
    expect(means(result.rows)).toEqual(means(expected.rows.slice(1)));
    expect(result.rays).toMatchObject({ rays: 5, goToOne: 1, theoremHolds: true });
    const html = await readFile(at('audit.html'), 'utf8');
    expect(html).toContain('<img');
    expect(html.match(/(?:src|href)="(?!data:)[^"]*"|url\(|<script/g)).toBeNull();
  });
});

test('audit --json - of a GraphModel that ends in a softmax prints JSON alone, with adversarial noise and rays', async () => {
  const { code, stdout } = await audit('graph/model.json', '--json', '-', '--max-mmc', '1');
  expect(code).toBe(0);
  const result = JSON.parse(stdout);
  expect(result.model).toMatchObject({ kind: 'graph', outputs: 'auto', head: 'softmax', classes: 3, inputShape: [2] });
  expect(result.rows.map(({ name }: { name: string }) => name)).toEqual(['uniform noise', 'adversarial noise']);
  expect(result.rays).toMatchObject({ rays: 5, goToOne: 1, theoremHolds: true });
});

test.each([
  ['that its gradients are zero', 'Round', /adversarial noise: the attack was blind/],
  ['that the attack failed', 'Cumprod', /adversarial noise: could not be measured \(.*Cumprod.*\)/],
] as const)('audit says %s, gives no verdict, and ends with 3, or with 1 and --max-mmc', async (_, f, note) => {
  await saveGraph(at(f), f);
  const plain = await audit(f);
  expect(plain.stdout.replaceAll(/\s+/g, ' ')).toMatch(note);
  expect(plain.stdout).toContain('NO VERDICT');
  expect(plain.stdout).not.toMatch(/GOOD|WARNING|BAD|PASSED/);
  expect(plain.code).toBe(3);
  const held = await audit(f, '--max-mmc', '0.9', '--json', '-');
  expect([held.code, JSON.parse(held.stdout).threshold.broken]).toEqual([1, ['adversarial noise (not measured)']]);
});

test('audit --bounds -1,1 draws its noise there', async () => {
  const { stdout } = await audit('shifted', '--bounds', '-1,1', '--json', '-');
  const [uniform] = JSON.parse(stdout).rows;
  // The mean of 1 / (1 + exp(-3 u)) over u = x + 1 in [0, 2].
  const exact = (Math.log(1 + Math.exp(6)) - Math.log(2)) / 6;
  expect(Math.abs(uniform.meanMaxConfidence - exact)).toBeLessThan(4 * uniform.standardError);
  expect(uniform.meanMaxConfidence).toBeLessThan(0.95);
});

test('certify bounds a network of one number by its confidence at the far end of each interval', async () => {
  const args = [
    'shifted',
    '--bounds',
    '-1,1',
    '--epsilon',
    '0.1',
    '--samples',
    '30',
    '--max-mmc',
    '0.5',
    '--json',
    '-',
  ];
  const { code, stdout } = await runCli(folder, ['certify', ...args, '--backend', 'cpu']);
  const noise = await uniformNoise([30, 1], { seed: 0, bounds: [-1, 1] }).data();
  const largest = Array.from(noise, (x) => 1 / (1 + Math.exp(-3 * (Math.min(1, x + 0.1) + 1))));
  const [{ meanBound, meanAttacked }] = JSON.parse(stdout).rows;
  expect(meanBound).toBeCloseTo(largest.reduce((a, b) => a + b) / 30, 5);
  expect(meanAttacked).toBeLessThanOrEqual(meanBound);
  expect(code).toBe(1);
});

test('audit of a network that is not piecewise linear measures it and says why there are no rays', async () => {
  const model = sequential({
    layers: [layers.dense({ inputShape: [3], units: 4, activation: 'tanh' }), layers.dense({ units: 2 })],
  });
  await saveLayers(model, at('tanh'));
  const { code, stdout } = await audit('tanh');
  expect(code).toBe(0);
  expect(stdout).toContain('No rays: the network cannot be read as piecewise linear');
});

describe('audit of a model', () => {
  const dense = (units: number, activation?: 'sigmoid') =>
    layers.dense({ units, ...(activation && { activation }), kernelInitializer: 'randomNormal' });
  const input = () => layers.dense({ inputShape: [3], units: 4, activation: 'relu' });
  const parsed = async (...args: string[]) => JSON.parse((await audit(...args, '--json', '-')).stdout);

  test('with a single sigmoid unit sees two classes, without being told', async () => {
    await saveLayers(sequential({ layers: [input(), dense(1, 'sigmoid')] }), at('one-sigmoid'));
    const { model, rows, rays } = await parsed('one-sigmoid');
    expect(model).toMatchObject({ classes: 2, head: 'softmax' });
    expect(rows[0].meanMaxConfidence).toBeGreaterThan(0.5);
    expect(rays.rays).toBe(5);
  });

  test('with a sigmoid for each class is refused with an option that works', async () => {
    await saveLayers(sequential({ layers: [input(), dense(4, 'sigmoid')] }), at('sigmoids'));
    const refused = await audit('sigmoids', '--max-mmc', '0.9');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr.replaceAll(/\s+/g, ' ')).toMatch(/4 sigmoid units. Pass --outputs sigmoids/);
    const { code, stdout } = await audit('sigmoids', '--outputs', 'sigmoids', '--max-mmc', '0.95');
    expect(code).toBe(0);
    expect(stdout).toContain('The lowest mean confidence possible is 0.000.');
  });

  test('with several outputs is refused with their names, of which --output picks one', async () => {
    const x = tfInput({ shape: [3] });
    const hidden = layers.dense({ units: 4, activation: 'relu' }).apply(x) as SymbolicTensor;
    const outputs = [2, 3].map(
      (units) => layers.dense({ units, name: `of${units}`, activation: 'softmax' }).apply(hidden) as SymbolicTensor,
    );
    await saveLayers(tfModel({ inputs: x, outputs }), at('two'));
    const refused = await audit('two');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr.replaceAll(/\s+/g, ' ')).toMatch(/of2.*of3.*Pass --output, one of/);
    expect((await parsed('two', '--output', 'of3')).model).toMatchObject({ classes: 3, output: 'of3' });
    const picked = ['two', '--output', 'of3', '--samples', '20', '--attacked', '5', '--json', '-'];
    const pooled = await audit(...picked, '--workers', '1');
    expect([pooled.code, pooled.stderr]).toEqual([0, '']);
    expect(pooled.stdout).toBe((await audit(...picked)).stdout);
    expect((await audit('two', '--output', 'of4')).code).toBe(2);
  });

  test.each([
    ['text', 'DT_STRING'],
    ['complex numbers', 'DT_COMPLEX64'],
  ])('whose input is %s is refused with code 2', async (_, type) => {
    await saveGraph(at(type), 'Relu', type);
    const { code, stdout, stderr } = await audit(type);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toContain('not expected');
  });
});

describe('audit says with code 2 and in words, without a stack, what is wrong with', () => {
  const unknownLayer = async () => {
    await cp(at('softmax'), at('unknown'), { recursive: true });
    const text = readFileSync(at('softmax/model.json'), 'utf8');
    writeFileSync(at('unknown/model.json'), text.replaceAll('"Flatten"', '"MyOwnLayer"'));
  };
  const truncated = async () => {
    await cp(at('softmax'), at('truncated'), { recursive: true });
    await writeFile(at('truncated/weights.bin'), readFileSync(at('softmax/weights.bin')).subarray(0, 50));
  };
  const cases: [string, string[], RegExp, (() => Promise<unknown>)?][] = [
    [
      'a corrupted model.json',
      ['broken.json'],
      /broken\.json` .* damaged or not JSON .*Copy or save/,
      () => writeFile(at('broken.json'), '{"format": "lay'),
    ],
    ['truncated weights', ['truncated'], /weights of 50, truncated/, truncated],
    [
      'an empty folder',
      ['empty'],
      /`empty` to be a place with one model\.json, but got an empty one\. Save the model/,
      () => mkdir(at('empty')),
    ],
    ['a layer that tfjs does not know', ['unknown'], /does not know: "MyOwnLayer"\. Convert the model/, unknownLayer],
    ['a model that is not there', ['nowhere'], /`nowhere` to be there, but got nothing/],
    [
      'a model of another kind',
      ['net.onnx'],
      /`net\.onnx` to be a model in the format of TensorFlow\.js/,
      () => writeFile(at('net.onnx'), ''),
    ],
    ['an option that does not exist', ['softmax', '--sample', '3'], /'--sample'/],
    ['a threshold that cannot hold', ['softmax', '--max-mmc', '0.01'], /--max-mmc 0\.01 can never hold/],
    ['a number that is none', ['softmax', '--max-mmc', '1.5'], /--max-mmc takes a number from 0 to 1/],
    ['a place that does not exist', ['softmax', '--json', 'no/where.json'], /no folder no/],
    [
      'a backend that is not installed',
      ['softmax', '--backend', 'node'],
      /tfjs-node is not installed.* Run: npm install/,
    ],
  ];
  test.each(cases)('%s', async (_, args, message, make = async () => {}) => {
    await make();
    const { code, stdout, stderr } = await runCli(folder, ['audit', ...args]);
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(message);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([2, '']);
  });
});

test('--version and --help need no model, and every option is explained in docs/command-line.md', async () => {
  const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  expect((await runCli(folder, ['--version'])).stdout).toBe(`${JSON.parse(read('package.json')).version}\n`);
  const guide = read('docs/command-line.md');
  const { stdout } = await runCli(folder, ['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2}/gm)].map(([, name]) => name!);
  expect(commands).toEqual(['audit', 'compare', 'evaluate', 'train', 'unknown', 'regions', 'certify', 'merge']);
  for (const command of commands) {
    const options = (await runCli(folder, [command, '--help'])).stdout.match(/^ {2}--[\w-]+/gm)!;
    expect(options.filter((option) => option !== '  --help' && !guide.includes(option.trim()))).toEqual([]);
  }
});
