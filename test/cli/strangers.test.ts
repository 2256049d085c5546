import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { fillTopology, wildModels, wildNames } from '../support/wildModels';
import { writeZip } from '../support/writeZip';
import { runCli, scratchFolder } from './runCli';
import { saveLayers } from './savedModels';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const FEW = ['--backend', 'wasm', '--samples', '4', '--attacked', '0', '--rays', '0'];

describe('models of strangers', () => {
  const evil = '<script>alert(1)</script>\x1b[2J\u202e';

  test('cannot write to the terminal or into a report by the names that they bring', async () => {
    const model = sequential({
      layers: [layers.flatten({ inputShape: [2, 2, 1] }), layers.dense({ units: 2, activation: 'softmax' })],
    });
    await saveLayers(model, at(`m ${evil}`.replaceAll('/', '-')));
    const name = `m ${evil}`.replaceAll('/', '-');
    await writeFile(join(at(name), 'metadata.json'), JSON.stringify({ labels: [evil, 'other', 'third'] }));
    const picture = encode({ width: 2, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4) });
    for (const one of ['0', '1']) {
      await mkdir(at(`data/${one}`), { recursive: true });
      await writeFile(at(`data/${one}/a.png`), picture);
    }
    const { stdout, stderr } = await runCli(folder, ['audit', name, ...FEW, '--html', 'r.html', '--json', 'r.json']);
    for (const hidden of ['\x1b', '\u202e']) expect(`${stdout}${stderr}`).not.toContain(hidden);
    expect(stdout).toContain('\\u001b[2J\\u202e');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('names 3 classes, and the model has 2');
    expect(JSON.parse(await readFile(at('r.json'), 'utf8')).model.file).toBe(`${name}/model.json`);
    expect(await readFile(at('r.html'), 'utf8')).not.toContain('<script');
    const refused = await runCli(folder, ['audit', name, ...FEW, '--data', 'data']);
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('metadata.json names 3 classes');
  });

  test('that ask for files outside, or are a bomb, end with 2, and nothing is read or written there', async () => {
    const model = sequential({ layers: [layers.dense({ inputShape: [1], units: 2 })] });
    await saveLayers(model, at('inner/model'));
    const json = JSON.parse(await readFile(at('inner/model/model.json'), 'utf8'));
    const weights = await readFile(at('inner/model/weights.bin'));
    await writeFile(at('inner/weights.bin'), weights);
    json.weightsManifest[0].paths = ['../weights.bin'];
    await writeFile(at('inner/model/model.json'), JSON.stringify(json));
    const zip = (entries: Record<string, Uint8Array>) =>
      writeZip(Object.entries(entries).map(([name, content]) => ({ name, content })));
    await writeFile(at('inner/up.zip'), zip({ '../up.bin': weights, 'model.json': Buffer.from('{}') }));
    await writeFile(at('inner/bomb.zip'), zip({ 'model.json': new Uint8Array(2 ** 25) }));
    const before = await listing();
    for (const [file, message] of [
      ['model', /outside\. +Do not trust this model/],
      ['up.zip', /outside\. +Do not trust this model/],
      ['bomb.zip', /zip bomb/],
    ] as const) {
      const { code, stdout, stderr } = await runCli(at('inner'), ['audit', file, ...FEW]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(message);
    }
    expect(await listing()).toEqual(before);
  });

  async function listing(): Promise<string[]> {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    const digest = async (file: string) =>
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex');
    return Promise.all(files.sort().map(async (file) => `${file} ${await digest(file)}`));
  }
});

describe('audit of models of the web (RELU_WILD)', () => {
  test.skipIf(!wildNames.includes('teachable-machine-12'))(
    'says what Teachable Machine told, also of a .zip',
    async () => {
      const names = ['model.json', 'metadata.json', 'weights.bin'];
      const entries = await Promise.all(
        names.map(async (name) => ({ name, content: await readFile(join(wildModels, 'teachable-machine-12', name)) })),
      );
      await writeFile(at('tm.zip'), writeZip(entries));
      const { code, stdout } = await runCli(folder, ['audit', 'tm.zip', ...FEW]);
      expect(code).toBe(0);
      expect(stdout).toContain('tm.zip/model.json: LayersModel, inputs 224x224x3 in [-1, 1], 12 classes');
      const words = stdout.replaceAll(/\s+/g, ' ');
      expect(words).toContain(
        'Inputs lie in [-1, 1], according to metadata.json, which is of an image model of Teachable Machine.',
      );
      expect(words).toContain('The 12 classes are named in metadata.json.');
    },
  );

  test.skipIf(!wildNames.includes('topology-keras3-b'))('reads a MobileNet of Keras 3', async () => {
    await fillTopology('topology-keras3-b', at('keras3'));
    const { code, stdout } = await runCli(folder, ['audit', 'keras3', '--bounds', '-1,1', ...FEW]);
    expect(code).toBe(0);
    expect(stdout).toContain('keras3/model.json: LayersModel, inputs 224x224x3 in [-1, 1], 12 classes');
  });
});
