import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fit, uniformNoise } from 'relu-overconfidence';
import { certifiedMaxConfidence } from 'relu-overconfidence/guarantees';
import { mlp } from 'relu-overconfidence/models';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { type Digits, loadDigits } from '../digits/digits';
import { kept } from '../paper/kept';

const HIDDEN = [[64], [32, 32]] as const;
const CLASSES = [2, 10] as const;
const TRAININGS = ['plain', 'ceda'] as const;
const RADII = [0.15, 0.2] as const;
const SECONDS = 10;

/** Searches for the largest confidences near digits and noise, half of the images each; rows that are finished are kept. */
export async function maxima(output: string, images: number): Promise<void> {
  await mkdir(output, { recursive: true });
  const digits = await loadDigits();
  const half = Math.ceil(images / 2);
  const noise = uniformNoise([images - half, 8, 8, 1], { seed: 1 });
  const x = tf.concat([tf.slice(digits.test.x, 0, half), noise]);
  const head = [
    'classes',
    'hidden',
    'training',
    'epsilon',
    'CROWN',
    'searched',
    'found',
    'within .01 %',
    'exact %',
    's, median',
    's, most',
  ];
  const rows: string[][] = [head, head.map((_, i) => (i < 3 ? '---' : '---:'))];
  for (const classes of CLASSES)
    for (const hidden of HIDDEN)
      for (const method of TRAININGS) {
        let model: LayersModel | undefined;
        for (const epsilon of RADII) {
          const setting = { classes, hidden: hidden.join(' + '), method, epsilon, images };
          const name = `maxima-${classes}-${hidden.join('-')}-${method}-${epsilon}.json`;
          const row = await kept(join(output, name), setting, async () => {
            model ??= await trained(digits, classes, hidden, method);
            const net = toPiecewiseAffine(model);
            const crown = certifiedMaxConfidence(net, x, epsilon);
            const onProgress = ({ done }: { done: number }) => process.stderr.write(`\r${name} ${done}/${images} `);
            const found = certifiedMaxConfidence(net, x, epsilon, { seconds: SECONDS, onProgress });
            const near = found.reached.filter((value, i) => found[i]! - value <= 0.01).length;
            const seconds = found.seconds.slice().sort();
            return [
              mean(crown),
              mean(found),
              mean(found.reached),
              (100 * near) / images,
              (100 * found.exact.filter(Boolean).length) / images,
              seconds[Math.floor(images / 2)]!,
              seconds.at(-1)!,
            ];
          });
          const shown = row.map((value, i) => value.toFixed([4, 4, 4, 0, 0, 2, 1][i]!));
          rows.push([`${classes}`, setting.hidden, method === 'ceda' ? 'CEDA' : method, `${epsilon}`, ...shown]);
        }
        model?.dispose();
      }
  tf.dispose([x, noise]);
  const text = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  await writeFile(join(output, 'maxima.md'), `${text}\n`);
  console.log(`\n${text}`);
}

function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b) / values.length;
}

/** Even or odd if there are two classes. */
async function trained(
  { train }: Digits,
  classes: number,
  hidden: readonly number[],
  method: (typeof TRAININGS)[number],
) {
  const model = mlp({ inputShape: [8, 8, 1], hidden: [...hidden], classes, seed: 1 });
  const y = tf.tidy(() => (classes === 2 ? tf.mod(train.y, tf.scalar(2, 'int32')) : tf.clone(train.y)) as tf.Tensor1D);
  const optimizer = tf.train.adam(3e-3);
  await fit(model, { x: train.x, y }, { method, epochs: 60, batchSize: 100, optimizer, seed: 1 });
  tf.dispose(y);
  optimizer.dispose();
  return model;
}
