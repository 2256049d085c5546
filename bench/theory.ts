import * as tf from '@tensorflow/tfjs-core';
import { logOdds, uniformNoise } from 'relu-overconfidence';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { asymptoticConfidence, minimalAlpha } from 'relu-overconfidence/theory';
import { digits, range } from './support/format';
import { interleave, timed } from './support/interleave';
import { loadMnist } from './support/mnist';
import { publish, type Table, type Target } from './support/report';
import { median, ratio } from './support/stats';
import { trainedLenet } from './support/trainedLenet';
import { useWasm } from './support/wasm';

const ROUNDS = 9;
const RAYS = 8;
const POINTS = 400;
const SAMPLES = 10_000;
const TARGET = Math.log(999);

/** Alphas from 1 to 10^6, evenly spaced in their logarithm. */
const alphas = Float32Array.from({ length: POINTS }, (_, n) => 10 ** ((6 * n) / (POINTS - 1)));

/** What is known without exact tools: the first alpha of a grid with 99.9 % confidence, by batched forward passes. */
async function gridSearch(model: Parameters<typeof logOdds>[0], noise: tf.Tensor): Promise<number[]> {
  const found: number[] = [];
  for (let ray = 0; ray < RAYS; ray++) {
    const points = tf.tidy(() => tf.mul(tf.reshape(tf.tensor1d(alphas), [POINTS, 1, 1, 1]), tf.slice(noise, ray, 1)));
    const first = (await logOdds(model, points, { batchSize: 100 })).findIndex((value) => value >= TARGET);
    found.push(alphas[first] ?? Number.POSITIVE_INFINITY);
    tf.dispose(points);
  }
  return found;
}

await useWasm();
const tables: Table[] = [];
const targets: Target[] = [];
let raw: unknown;
const data = await loadMnist(80 * 128);
if (data) {
  const model = await trainedLenet('plain', data);
  const net = toPiecewiseAffine(model);
  const noise = uniformNoise([RAYS, 28, 28, 1], { seed: 1 });
  const pixels = await noise.data<'float32'>();
  const rays = Array.from({ length: RAYS }, (_, n) => pixels.slice(784 * n, 784 * (n + 1)));
  let [exact, grid] = [[0], [0]];
  const samples = await interleave(
    [
      {
        name: 'minimalAlpha',
        run: () =>
          timed(() => {
            exact = rays.map((ray) => minimalAlpha(net, ray));
          }),
      },
      {
        name: 'grid',
        run: () =>
          timed(async () => {
            grid = await gridSearch(model, noise);
          }),
      },
      {
        name: 'asymptoticConfidence',
        run: () =>
          timed(() => {
            for (const ray of rays) asymptoticConfidence(net, ray);
          }),
      },
    ],
    ROUNDS,
  );
  // The grid computes in float32, so it may find a crossing a little before it is there.
  if (grid.some((alpha, n) => alpha < exact[n]! * (1 - 1e-4)))
    throw new Error(`The grid is earlier: ${grid}; ${exact}.`);
  const faster = ratio(samples.grid!, samples.minimalAlpha!);
  const late = grid.map((alpha, n) => 100 * (alpha / exact[n]! - 1));
  raw = { samples, exact, grid };
  const row = (name: string, times: readonly number[]) => [
    name,
    digits(median(times) / RAYS),
    digits(((median(times) / RAYS) * SAMPLES) / 60_000),
  ];
  tables.push({
    title: `Time for the alpha of a ray, and for ${SAMPLES.toLocaleString('en-US')} of them`,
    columns: ['', 'ms per ray', 'minutes for all'],
    rows: [
      row('minimalAlpha, exact', samples.minimalAlpha!),
      row(`grid of ${POINTS} alphas`, samples.grid!),
      row('asymptoticConfidence, exact', samples.asymptoticConfidence!),
    ],
  });
  targets.push({
    text: `all exact alphas in less time than a grid of ${POINTS} needs`,
    figure: `${range(faster)} times as fast; the grid is late by ${digits(median(late))} % (median), ${digits(Math.max(...late))} % (most)`,
    met: faster.median > 1,
  });
  tf.dispose([noise, data.x, data.y]);
  model.dispose();
}
await publish({
  name: 'theory',
  question: 'What does the exact alpha of Table 2 cost?',
  method: `A LeNet after 80 steps of plain training on MNIST (batch 128, Adam 1e-3). The smallest alpha >= 1 with 99.9 % confidence on alpha x, for ${RAYS} samples x of uniform noise, the same for all, in turns. The grid has ${POINTS} alphas from 1 to 10^6, evaluated by \`logOdds\` on wasm with our kernels in batches of 100; it can miss a crossing between two of its points. Times for ${SAMPLES.toLocaleString('en-US')} samples are scaled up from these.`,
  tables,
  targets,
  notes: data ? [] : ['Left out: MNIST was not at hand (RELU_DATA).'],
  raw,
});
