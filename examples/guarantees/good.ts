import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { evaluateOod, type FitMethod, type FitOptions, paperNoise } from 'relu-overconfidence';
import { certifiedMaxConfidence } from 'relu-overconfidence/guarantees';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { loadDigits } from '../digits/digits';
import { kept } from '../paper/kept';
import { DIGITS_EPOCHS, trainedOnDigits } from './tableData';

const TRAININGS: readonly {
  readonly title: string;
  /** Name of the folder in which the network is kept. */
  readonly name: string;
  readonly method: FitMethod;
  readonly settings: FitOptions;
}[] = [
  { title: 'plain', name: 'plain', method: 'plain', settings: {} },
  { title: 'GOOD, epsilon 0.1', name: 'good-smaller', method: 'good', settings: { epsilon: 0.1 } },
  { title: 'GOOD, epsilon 0.3', name: 'good', method: 'good', settings: {} },
  { title: 'GOOD, epsilon 0.3, quantile 0.8', name: 'good-quantile', method: 'good', settings: { quantile: 0.8 } },
  { title: 'GOOD, epsilon 0.3, 40 epochs', name: 'good-shorter', method: 'good', settings: { epochs: 40 } },
];
const RADII = [0.01, 0.05, 0.1, 0.3];
/** Images of noise that are certified. */
const CERTIFIED = 20;

/** Trains GOOD on the digits with several settings, and certifies noise for several radii; what is finished is kept. */
export async function good(output: string): Promise<void> {
  const { test } = await loadDigits();
  const noise = paperNoise(tf.slice(test.x, 0, CERTIFIED), { seed: 1 });
  const rows: string[][] = [
    ['', 'test error %', 'MMC in', 'MMC noise', ...RADII.map((radius) => `certified, ${radius}`)],
    ['---', ...Array(3 + RADII.length).fill('---:')],
  ];
  for (const { title, name, method, settings } of TRAININGS) {
    const all = { method, epochs: DIGITS_EPOCHS, ...settings };
    const row = await kept(join(output, `good-table-${name}.json`), all, async () => {
      const model = await trainedOnDigits(output, name, method, settings);
      const { testError, rows: found } = await evaluateOod(model, {
        in: test,
        noise: true,
        adversarialNoise: false,
        adversarialSamples: false,
        seed: 1,
      });
      const net = toPiecewiseAffine(model);
      const certified = RADII.map((radius) => {
        const bounds = certifiedMaxConfidence(net, noise, radius, { method: 'crown' });
        return bounds.reduce((a, b) => a + b) / bounds.length;
      });
      model.dispose();
      return [100 * testError, ...found.map(({ meanMaxConfidence }) => meanMaxConfidence!), ...certified];
    });
    rows.push([title, ...row.map((value, i) => value.toFixed(i === 0 ? 2 : 3))]);
  }
  noise.dispose();
  const text = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  await writeFile(join(output, 'good.md'), `${text}\n`);
  console.log(`\n${text}`);
}
