import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { fit, uniformNoise } from 'relu-overconfidence';
import { certifiedMaxConfidence, confidenceSandwich } from 'relu-overconfidence/guarantees';
import { mlp } from 'relu-overconfidence/models';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { sandwichPlot } from 'relu-overconfidence/report';
import { type Digits, loadDigits } from '../digits/digits';
import { kept } from '../paper/kept';

const HIDDEN = [[64], [32, 32]] as const;
const CLASSES = [2, 10] as const;
const TRAININGS = ['plain', 'ceda'] as const;
const RADII = [0.15, 0.2] as const;

/** How much is searched, and where results go. */
export interface MaximaSettings {
  readonly output: string;
  readonly images: number;
  /** How long each image is searched at the most. */
  readonly seconds: number;
}

/** What is known of each image, and how long it took to find out. */
interface Sandwich {
  readonly crown: readonly number[];
  readonly attack: readonly number[];
  readonly certified: readonly number[];
  readonly closed: readonly boolean[];
  readonly seconds: readonly number[];
}

/**
 * Encloses the largest confidences near digits and noise, half of the images each. Rows that are finished are kept, and each has its
 * picture.
 */
export async function maxima({ output, images, seconds }: MaximaSettings): Promise<void> {
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
    'closed %',
    's, median',
    's, most',
  ];
  const rows: string[][] = [head, head.map((_, i) => (i < 3 ? '---' : '---:'))];
  for (const classes of CLASSES)
    for (const hidden of HIDDEN)
      for (const method of TRAININGS) {
        let model: LayersModel | undefined;
        for (const epsilon of RADII) {
          const setting = { classes, hidden: hidden.join(' + '), method, epsilon, images, seconds };
          const name = join(output, `maxima-${classes}-${hidden.join('-')}-${method}-${epsilon}`);
          const trainedBy = method === 'ceda' ? 'CEDA' : method;
          const title = `${classes} classes, ${setting.hidden} units, ${trainedBy}, epsilon ${epsilon}`;
          const found = await kept(`${name}.json`, setting, async () => {
            model ??= await trained(digits, classes, hidden, method);
            return enclose(model, x, epsilon, seconds);
          });
          await writeFile(`${name}.svg`, await sandwichPlot(found, { title }));
          const shown = columns(found).map((value, i) => value.toFixed([4, 4, 4, 0, 0, 2, 1][i]!));
          rows.push([`${classes}`, setting.hidden, trainedBy, `${epsilon}`, ...shown]);
        }
        model?.dispose();
      }
  tf.dispose([x, noise]);
  const text = rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
  await writeFile(join(output, 'maxima.md'), `${text}\n`);
  console.log(`\n${text}`);
}

async function enclose(model: LayersModel, x: tf.Tensor, epsilon: number, limit: number): Promise<Sandwich> {
  const crown = certifiedMaxConfidence(toPiecewiseAffine(model), x, epsilon);
  const seconds: number[] = [];
  let before = performance.now();
  const onProgress = () => {
    const now = performance.now();
    seconds.push((now - before) / 1000);
    before = now;
    process.stderr.write(`\r${seconds.length} of ${x.shape[0]} `);
  };
  const { attack, certified, closed } = await confidenceSandwich(model, x, epsilon, {
    seconds: limit,
    seed: 1,
    onProgress,
  });
  return { crown: [...crown], attack: [...attack], certified: [...certified], closed, seconds };
}

function columns({ crown, attack, certified, closed, seconds }: Sandwich): number[] {
  const near = certified.filter((bound, i) => bound - attack[i]! <= 0.01).length;
  const sorted = Float64Array.from(seconds).sort();
  return [
    mean(crown),
    mean(certified),
    mean(attack),
    (100 * near) / attack.length,
    (100 * closed.filter(Boolean).length) / attack.length,
    sorted[sorted.length >> 1]!,
    sorted.at(-1)!,
  ];
}

function mean(values: readonly number[]): number {
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
