import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { saveModel } from 'relu-overconfidence/models';
import { loadDigits } from '../digits/digits';
import { useWasm } from '../support/useWasm';

/**
 * `npx tsx examples/fine-tune/folders.ts [--seed N]`: what a beginner has, 300 pictures in three folders and a network trained on them; the
 * commands `train` and `audit` do the rest by their defaults.
 */
const { values } = parseArgs({ options: { seed: { type: 'string', default: '0' } } });
const [CLASSES, EACH, SIZE] = [3, 100, 8];
const FOLDER = fileURLToPath(new URL('./output/folders/', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

await useWasm();
await rm(FOLDER, { recursive: true, force: true });
const { train } = await loadDigits();
const [pixels, labels] = [await train.x.data(), await train.y.data()];
for (let label = 0; label < CLASSES; label++) {
  await mkdir(`${FOLDER}/images/${label}`, { recursive: true });
  const rows = Array.from(labels.keys()).filter((row) => labels[row] === label);
  for (const [i, row] of rows.slice(0, EACH).entries()) {
    const picture = pixels.subarray(row * SIZE * SIZE, (row + 1) * SIZE * SIZE);
    const data = Uint8Array.from(picture, (value) => Math.round(255 * value));
    await writeFile(`${FOLDER}/images/${label}/${i}.png`, encode({ width: SIZE, height: SIZE, data, channels: 1 }));
  }
}

const seeded = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
const model = sequential({
  layers: [
    layers.conv2d({ inputShape: [SIZE, SIZE, 1], filters: 16, kernelSize: 3, activation: 'relu', ...seeded(1) }),
    layers.flatten(),
    layers.dense({ units: 64, activation: 'relu', ...seeded(2) }),
    layers.dense({ units: CLASSES, activation: 'softmax', ...seeded(3) }),
  ],
});
await saveModel(model, `${FOLDER}/fresh`);
const command = (...args: readonly string[]) => {
  console.log(`\n$ relu-overconfidence ${args.join(' ')}`);
  spawnSync(process.execPath, [COMMAND, ...args], { cwd: FOLDER, stdio: 'inherit' });
};
command(
  'train',
  'fresh',
  '--method',
  'plain',
  '--data',
  'images',
  '--epochs',
  '40',
  '--batch-size',
  '32',
  '--out',
  'plain',
);
command('audit', 'plain', '--data', 'images');
command('train', 'plain', '--data', 'images', '--seed', values.seed, '--out', 'tuned');
command('audit', 'tuned', '--data', 'images');
