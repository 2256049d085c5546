import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkClaims } from '../support/claims';

/** A training small enough for a minute, with two epochs and so much noise and attack in it that nothing may be forgotten. */
const TRAINING = ['--method', 'acet', '--dataset', 'mnist', '--preset', 'short'];
const SIZE = ['--epochs', '2', '--steps-per-epoch', '60', '--batch-size', '8'];
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * Kills a training with SIGKILL twice, lets it go on to its end, and compares its weights with those of one that was never
 * stopped. The data sets are looked for in the folder that RELU_DATA names.
 */
async function resumeCheck(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'resume-'));
  const [stopped, whole] = [join(folder, 'stopped'), join(folder, 'whole')];
  const kills = [await trainInto(stopped, 60), await trainInto(stopped, 90)];
  await trainInto(stopped);
  await trainInto(whole);
  const [ours, theirs] = [await weights(stopped), await weights(whole)];
  const different = ours.reduce((count, byte, i) => (byte === theirs[i] ? count : count + 1), 0);
  checkClaims([
    { text: 'runs that were killed', value: kills.filter(Boolean).length, holds: kills.every(Boolean) },
    {
      text: `bytes of ${theirs.length} that differ from the weights of a training that was never stopped`,
      value: different,
      holds: theirs.length > 0 && ours.length === theirs.length && different === 0,
    },
  ]);
  await rm(folder, { recursive: true });
}

/** Starts or continues the training, and kills it once that many per cent of its steps are done; says whether it did. */
function trainInto(output: string, killAt = Number.POSITIVE_INFINITY): Promise<boolean> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, 'train', ...TRAINING, ...SIZE, '--output', output], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    process.stderr.write(text);
    const done = Number(/(\d+) %/.exec(text)?.[1] ?? 0);
    if (done >= killAt) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      if (signal === 'SIGKILL') return resolve(true);
      return code === 0 ? resolve(false) : reject(new Error(`the training ended with ${code ?? signal}`));
    });
  });
}

function weights(output: string): Promise<Buffer> {
  return readFile(join(output, 'models', 'mnist-acet-short', 'weights.bin'));
}

await resumeCheck();
