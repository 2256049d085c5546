import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mul, tensor1d, tensor4d } from '@tensorflow/tfjs-core';
import { layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { evaluateOod, maxConfidenceAttack } from 'relu-overconfidence';
import { certifiedMaxConfidence } from 'relu-overconfidence/guarantees';
import { mlp } from 'relu-overconfidence/models';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { beforeAll, describe, expect, test } from 'vitest';
import { program, runCli, scratchFolder } from './runCli';
import { saveGraph, saveLayers } from './savedModels';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const text = (name: string) => readFile(at(name), 'utf8');
const CPU = ['--backend', 'cpu'];
const AUDIT = [
  'audit',
  'model',
  ...CPU,
  '--samples',
  '60',
  '--attacked',
  '30',
  '--steps',
  '3',
  '--rays',
  '7',
  '--data',
  'data',
];
const network = () => mlp({ inputShape: [4, 4, 1], hidden: [12], classes: 3, seed: 1 });

/** Gray images by class: 0 dark, 1 bright above, 2 bright below. */
const images = Array.from({ length: 12 }, (_, i) => {
  const label = Math.floor(i / 4);
  const pixels = Uint8Array.from({ length: 16 }, (_, p) => (i % 4) * 10 + (label === (p < 8 ? 1 : 2) ? 200 : 0));
  return { label, pixels };
});
const inData = {
  x: tensor4d(
    images.flatMap(({ pixels }) => Array.from(pixels, (value) => value / 255)),
    [12, 4, 4, 1],
  ),
  y: tensor1d(
    images.map(({ label }) => label),
    'int32',
  ),
};

/** An array as NumPy saves it. */
function npy(type: string, shape: string, bytes: Uint8Array): Uint8Array {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }\n`;
  const prefix = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0];
  return Buffer.concat([Uint8Array.from(prefix), Buffer.from(header), bytes]);
}

beforeAll(async () => {
  await saveLayers(network(), at('model'));
  const tanh = layers.dense({ units: 5, activation: 'tanh' });
  const flat = layers.flatten({ inputShape: [4, 4, 1] });
  await saveLayers(sequential({ layers: [flat, tanh, layers.dense({ units: 3 })] }), at('tanh'));
  for (const [i, { label, pixels }] of images.entries()) {
    await mkdir(at(`data/class ${label}`), { recursive: true });
    await writeFile(
      at(`data/class ${label}/${i + 10}.png`),
      encode({ width: 4, height: 4, channels: 1, data: pixels }),
    );
  }
  await mkdir(at('other'));
  await writeFile(at('other/x.npy'), npy('|u1', '(2, 4, 4)', new Uint8Array(32).fill(255)));
});

describe('the columns of attacks and bounds', () => {
  const few = ['--samples', '6', '--attacked', '0', '--epsilon', '0.05', ...CPU];

  test('are those of evaluateOod, with the bounds of the network, in words and in the JSON', async () => {
    const args = ['--near', 'other', '--attacked-out', '5', '--steps', '4', '--json', 'columns.json', ...few];
    const { code, stdout } = await runCli(folder, ['evaluate', 'model', '--data', 'data', ...args]);
    expect(code).toBe(0);
    const { rows, settings, notes } = JSON.parse(await text('columns.json'));
    const net = toPiecewiseAffine(network());
    const expected = await evaluateOod(network(), {
      in: inData,
      out: { other: tensor4d(new Float32Array(32).fill(1), [2, 4, 4, 1]) },
      near: ['other'],
      noiseSamples: 6,
      adversarialNoise: false,
      adversarialSamples: false,
      attackedOut: { attack: maxConfidenceAttack, samples: 5, steps: 4, epsilon: 0.05 },
      guarantee: { bound: (x, epsilon) => certifiedMaxConfidence(net, x, epsilon, { method: 'interval' }) },
      batchSize: 100,
      attackBatchSize: 25,
    });
    expect(rows.slice(0, 3)).toEqual(expected.rows);
    expect(settings).toMatchObject({ attackedOut: { samples: 5 }, guarantee: { epsilon: 0.05 }, near: ['other'] });
    expect(rows[1]).toMatchObject({ distance: 'near', attacked: { samples: 2 }, guaranteed: { status: 'measured' } });
    expect(rows[1].guaranteedAuroc).toBeLessThanOrEqual(rows[1].attackedAuroc);
    expect(stdout).toMatch(/mean confidence +AUROC +AAUC +GAUC +AUPR +FPR@95 +images/);
    expect(stdout).toMatch(/\nnear, mean of 1 /);
    expect(notes.join('\n')).toMatch(/AAUC: the out side attacked towards high confidence by maxConfidenceAttack/);
  });

  test('say why there is no guarantee for a network that cannot be read', async () => {
    const args = [
      '--data',
      'data',
      '--attacked-out',
      '3',
      '--steps',
      '3',
      '--rays',
      '0',
      '--json',
      'tanh.json',
      ...few,
    ];
    const { stdout } = await runCli(folder, ['audit', 'tanh', ...args]);
    expect(stdout).toMatch(/GAUC: none \(the network cannot be read as piecewise linear \(/);
    const { rows } = JSON.parse(await text('tanh.json'));
    expect(rows[1]).toMatchObject({ guaranteedAuroc: null, guaranteed: { status: 'skipped' } });
    expect(rows[1].attackedAuroc).not.toBeNull();
  });

  test('of the worst case are of both sides, with a transfer attack', async () => {
    const worst = ['--protocol', 'worst-case', '--transfer', 'tanh', '--attacked-out', '3', '--steps', '3'];
    const args = [...worst, '--data', 'data', '--rays', '0', '--certified', '0', '--json', 'worst.json', ...few];
    const { stdout } = await runCli(folder, ['audit', 'model', ...args]);
    expect(stdout).toContain('in attacked');
    expect(stdout).toMatch(/GAUC: none \(--certified 0\)/);
    const { rows, settings } = JSON.parse(await text('worst.json'));
    expect(settings).toMatchObject({ protocol: 'worst-case', attackedIn: { steps: 3, restarts: 5, samples: 3 } });
    expect(settings.attackedOut.attack).toContain('and maxConfidenceAttack on the second model');
    expect(rows[0].attacked.meanMaxConfidence).toBeLessThan(rows[0].meanMaxConfidence);
    const refused = await runCli(folder, ['audit', 'model', '--transfer', 'tanh', ...CPU]);
    expect(refused.stderr).toContain('--transfer is a part of --protocol worst-case.');
  });
});

test('evaluate writes the report of evaluateOod on the same data', async () => {
  const args = ['--ood', 'other', '--attacked', '6', '--steps', '5', '--epsilon', '0.2', '--json', 'table.json'];
  const { code } = await runCli(folder, ['evaluate', 'model', '--data', 'data', ...args, ...CPU]);
  expect(code).toBe(0);
  const { testError, classes, rows, settings } = JSON.parse(await text('table.json'));
  const attack = { epsilon: 0.2, steps: 5, samples: 6 };
  const expected = await evaluateOod(network(), {
    in: inData,
    out: { other: tensor4d(new Float32Array(32).fill(1), [2, 4, 4, 1]) },
    adversarialNoise: attack,
    adversarialSamples: attack,
    attackBatchSize: 25,
  });
  expect({ testError, classes, rows, settings }).toEqual(expected);
});

test('data outside the bounds are refused with a value of theirs, and so are images without classes', async () => {
  const values = Float32Array.of(...new Float32Array(15), 2.5);
  await mkdir(at('wide'));
  await writeFile(at('wide/x.npy'), npy('<f4', '(1, 4, 4)', new Uint8Array(values.buffer)));
  await writeFile(at('wide/y.npy'), npy('|u1', '(1,)', Uint8Array.of(2)));
  const wide = await runCli(folder, ['audit', 'model', '--data', 'wide', ...CPU]);
  expect([wide.code, wide.stderr]).toEqual([2, expect.stringContaining('wide has values such as 2.5, outside')]);
  const unlabelled = await runCli(folder, ['audit', 'model', '--data', 'other', ...CPU]);
  expect([unlabelled.code, unlabelled.stderr]).toEqual([2, expect.stringContaining('but not their classes')]);
});

describe('an audit', () => {
  let whole: string;
  beforeAll(async () => {
    await runCli(folder, [...AUDIT, '--json', 'whole.json', '--html', 'whole.html']);
    whole = await text('whole.json');
  });

  test('done in three shards as examples/cluster does them is, merged, the audit done at once, byte for byte', async () => {
    const cluster = (file: string) => fileURLToPath(new URL(`../../examples/cluster/${file}`, import.meta.url));
    await mkdir(at('node_modules/.bin'), { recursive: true });
    await symlink(program, at('node_modules/.bin/relu-overconfidence'));
    const shell = async (args: string[], env: NodeJS.ProcessEnv) => {
      await promisify(execFile)('bash', args, { cwd: folder, env: { ...process.env, ...env } });
    };
    for (const task of ['1', '2']) {
      const env = { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_COUNT: '3' };
      await shell([cluster('audit.sbatch'), ...AUDIT.slice(1)], env);
    }
    const missing = await runCli(folder, ['merge', 'parts/part-1.json', 'parts/part-2.json']);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('Shards are missing')]);
    const [, command] = /args:\s+- >-\n((?: {14}.*\n)+)/.exec(await readFile(cluster('audit.yaml'), 'utf8'))!;
    const line = command!.replaceAll(/\s+/g, ' ').replace('audit model', AUDIT.join(' '));
    await shell(['-c', line], { JOB_COMPLETION_INDEX: '2', SHARDS: '3' });
    await shell([cluster('merge.sbatch'), '--html', 'merged.html'], {});
    expect(await text('audit.json')).toBe(whole);
    expect(await text('merged.html')).toBe(await text('whole.html'));
  });

  test('done by two workers is the same', async () => {
    await runCli(folder, [...AUDIT, '--workers', '2', '--json', 'workers.json']);
    expect(await text('workers.json')).toBe(whole);
  });

  test('that Ctrl-C stops ends with code 130 and keeps what is done, and goes on to the same end', async () => {
    const long = AUDIT.map((word) => (word === '3' ? '150' : word)).concat('--progress', '--json');
    await runCli(folder, [...long, 'undisturbed.json']);
    let sent = false;
    const stopped = await runCli(folder, [...long, 'resumed.json'], (stderr, kill) => {
      if (!sent && stderr.includes('adversarial noise')) kill('SIGINT');
      sent ||= stderr.includes('adversarial noise');
    });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('is kept in relu-overconfidence-audit-');
    const kept = readdirSync(folder).filter((name) => name.startsWith('relu-overconfidence-audit-'));
    expect(kept).toHaveLength(1);
    expect(Object.keys(JSON.parse(await text(kept[0]!)).measured['uniform noise'].blocks)).toHaveLength(3);
    const resumed = await runCli(folder, [...long, 'resumed.json']);
    expect([resumed.code, resumed.stderr]).toEqual([0, expect.not.stringContaining('in-distribution')]);
    expect(await text('resumed.json')).toBe(await text('undisturbed.json'));
    expect(existsSync(at(kept[0]!))).toBe(false);
  });
});

test('train makes a model unsure that was sure beyond rounding, goes on after Ctrl-C and after kill -9, and saves the model that an undisturbed training saves', async () => {
  // Logits 100 times as large: confidences that differ from 1 by less than rounding, where log p has no gradient.
  const model = network();
  model.setWeights(model.getWeights().map((weight) => mul(weight, 10)));
  await saveLayers(model, at('sure'));
  const settings = [
    '--learning-rate',
    '0.1',
    '--epochs',
    '60',
    '--batch-size',
    '4',
    '--lambda',
    '1',
    '--matching',
    '0',
    '--force',
    '--progress',
  ];
  const train = ['train', 'sure', ...settings, ...CPU, '--data', 'data', '--out'];
  const undisturbed = await runCli(folder, [...train, 'once']);
  expect(undisturbed.stdout).toContain('Saved once/model.json');
  expect(undisturbed.stdout).toContain('update 27 of');
  const onNoise = [...undisturbed.stdout.matchAll(/on attacked noise ([\d.]+)\n/g)].map(([, value]) => Number(value));
  expect(onNoise[0]).toBe(1);
  expect(onNoise.at(-1)).toBeLessThan(0.9);
  const stoppedAt = (share: string, signal: NodeJS.Signals) => {
    let sent = false;
    return runCli(folder, [...train, 'twice'], (stderr, kill) => {
      if (!sent && stderr.includes(share)) kill(signal);
      sent ||= stderr.includes(share);
    });
  };
  expect((await stoppedAt(' 10 %', 'SIGINT')).code).toBe(130);
  expect(readdirSync(at('twice'))).toEqual(['training.checkpoint']);
  // Nothing of the program runs after SIGKILL: no exit code, and what it was writing may lie there unfinished.
  expect((await stoppedAt(' 20 %', 'SIGKILL')).code).toBe(null);
  expect(existsSync(at('twice/model.json'))).toBe(false);
  expect((await runCli(folder, [...train, 'twice'])).stdout).not.toContain('update 27 of');
  expect(readdirSync(at('twice')).sort()).toEqual(['model.json', 'weights.bin']);
  const weights = await readFile(at('twice/weights.bin'));
  expect(weights.equals(await readFile(at('once/weights.bin')))).toBe(true);
  expect(weights.equals(await readFile(at('sure/weights.bin')))).toBe(false);
  const again = await runCli(folder, [...train, 'twice']);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('has a model.json already')]);
  const bytes = new Uint8Array(weights);
  const { modelTopology, weightsManifest } = JSON.parse(await text('twice/model.json'));
  const load = async () => ({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: bytes.buffer });
  const loaded = await loadLayersModel({ load });
  expect(loaded.outputs[0]!.shape).toEqual([null, 3]);
}, 120_000);

test('train saves nothing where the model only guesses the classes of the data, and says so', async () => {
  const args = ['train', 'model', '--data', 'data', '--validation', '0.5', '--out', 'nothing', ...CPU];
  const { code, stdout } = await runCli(folder, args);
  expect(code).toBe(1);
  expect(stdout).toContain('no better than a guess');
  expect(stdout).toContain('Nothing was saved.');
  expect(existsSync(at('nothing'))).toBe(false);
});

test('train refuses by --method plain what only fine-tuning reads', async () => {
  for (const unread of ['lambda', 'matching']) {
    const args = [
      'train',
      'model',
      '--data',
      'data',
      '--out',
      'unread',
      '--method',
      'plain',
      `--${unread}`,
      '0.5',
      ...CPU,
    ];
    const { code, stderr } = await runCli(folder, args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`--method plain does not read --${unread}`)]);
  }
  expect(existsSync(at('unread'))).toBe(false);
});

test('train takes the layers that learn and the data to measure on, and refuses words that are neither', async () => {
  const train = ['train', 'model', '--data', 'data', '--out', 'part', '--force', '--updates', '2', ...CPU];
  const head = await runCli(folder, [...train, '--layers', 'head', '--validation', 'data']);
  expect([head.code, head.stdout]).toEqual([
    0,
    expect.stringContaining('Trained on 12 images in 2 updates, measured on 12'),
  ]);
  const [old, tuned] = [await readFile(at('model/weights.bin')), await readFile(at('part/weights.bin'))];
  // The kernel of the hidden layer comes first, 16 x 12 numbers, and has not learnt.
  expect(tuned.subarray(0, 768).equals(old.subarray(0, 768))).toBe(true);
  expect(tuned.equals(old)).toBe(false);
  const refused = await runCli(folder, [...train, '--out', 'other-part', '--layers', 'tail']);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--layers takes all, head')]);
});

test('regions counts the linear regions in the plane of a network with two inputs and draws them', async () => {
  // One hidden unit with weights and bias of its own: two half-planes in the box, if its line crosses it.
  await saveLayers(mlp({ inputShape: [2], hidden: [1], classes: 2, seed: 3 }), at('line'));
  const { stdout } = await runCli(folder, ['regions', 'line', '--box', '-1,1', '--svg', 'line.svg', ...CPU]);
  expect(stdout).toContain('2 linear regions from -1 to 1');
  expect(await text('line.svg')).toMatch(/^<svg/);
});

test('a GraphModel is drawn, certified and trained as the LayersModel of the same function, which is what is saved', async () => {
  await saveGraph(at('graph'));
  const drawn = await runCli(folder, ['regions', 'graph', '--box', '0,1', '--svg', 'graph.svg', ...CPU]);
  expect(drawn.stdout).toMatch(/^\d+ linear regions from 0 to 1/);
  const certified = await runCli(folder, ['certify', 'graph', '--samples', '2', ...CPU]);
  expect([certified.code, certified.stdout]).toEqual([0, expect.stringContaining('No attack that changes')]);
  await mkdir(at('points'));
  const values = Float32Array.from({ length: 24 }, (_, i) => (i % 7) / 7);
  await writeFile(at('points/x.npy'), npy('<f4', '(12, 2)', new Uint8Array(values.buffer)));
  await writeFile(
    at('points/y.npy'),
    npy(
      '|u1',
      '(12,)',
      Uint8Array.from({ length: 12 }, (_, i) => i % 3),
    ),
  );
  const args = ['--data', 'points', '--out', 'layers', '--method', 'ceda', '--epochs', '1', '--force'];
  const trained = await runCli(folder, ['train', 'graph', ...args, ...CPU]);
  expect([trained.code, trained.stdout]).toEqual([0, expect.stringContaining('a LayersModel that computes the same')]);
  const { format, weightsManifest } = JSON.parse(await text('layers/model.json'));
  expect(format).toBe('layers-model');
  expect(weightsManifest[0].weights.map(({ name }: { name: string }) => name)).toEqual([
    'hidden/kernel',
    'logits/kernel',
  ]);
});
