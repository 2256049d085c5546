import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  expect(code).toBe(0);
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
