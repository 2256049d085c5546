import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { parseIdx } from 'relu-overconfidence/datasets';
import { ccu, certifiedMaxConfidence, lastLayerLaplace } from 'relu-overconfidence/guarantees';
import { mlp } from 'relu-overconfidence/models';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { loadCheckpoint } from '../examples/paper/checkpoint';
import { digits } from './support/format';
import { loadMnist } from './support/mnist';
import { publish, type Target } from './support/report';
import { median } from './support/stats';
import { trainedLenet } from './support/trainedLenet';
import { useWasm } from './support/wasm';

const EPSILON = 0.1;
const IMAGES = 3;

/** What a piece of work costs, in seconds of processor time (all threads of the process) and of the clock. */
interface Cost {
  readonly busy: number;
  readonly clock: number;
}

async function costOf(work: () => unknown): Promise<Cost> {
  const [used, start] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(used);
  return { busy: (user + system) / 1e6, clock: (performance.now() - start) / 1000 };
}

const rows: string[][] = [];
const targets: Target[] = [];
const raw: Record<string, readonly Cost[]> = {};

/** Puts the median of the costs of a piece of work into the table, and beside it what it should not exceed. */
function report(name: string, costs: readonly Cost[], limit: number): void {
  const busy = median(costs.map((cost) => cost.busy));
  rows.push([name, digits(busy), digits(median(costs.map((cost) => cost.clock)))]);
  targets.push({
    text: `${name}: at most ${limit} s of processor time`,
    figure: `${digits(busy)} s`,
    met: busy <= limit,
  });
  raw[name] = costs;
}

await useWasm();
const missing: string[] = [];
const { RELU_DATA, RELU_MODELS } = process.env;
const mnist = await loadMnist(80 * 128);
if (mnist) {
  const net = toPiecewiseAffine(await trainedLenet('plain', mnist));
  const pixels = await mnist.x.data<'float32'>();
  for (const [method, limit] of [
    ['interval', 0.15],
    ['crown', 5],
  ] as const) {
    const bound = (i: number) =>
      costOf(() => certifiedMaxConfidence(net, [pixels.subarray(784 * i, 784 * (i + 1))], EPSILON, { method }));
    await bound(0);
    const costs: Cost[] = [];
    for (let i = 0; i < IMAGES; i++) costs.push(await bound(i));
    report(`certifiedMaxConfidence, LeNet, '${method}', an image`, costs, limit);
  }
  const model = mlp({ inputShape: [28, 28, 1], hidden: [16], classes: 10, seed: 1 });
  const images = tf.slice(mnist.x, 0, 1000);
  report('ccu, 1,000 images of MNIST, 10 components', [await costOf(() => ccu(model, images, { components: 10 }))], 20);
  tf.dispose([images, mnist.x, mnist.y]);
} else missing.push('MNIST (RELU_DATA)');

if (RELU_DATA !== undefined && RELU_MODELS !== undefined) {
  const { data } = await parseIdx(await readFile(join(RELU_DATA, 'cifar10', 'train-lossless4000-images.idx.gz')));
  const pixels = Float32Array.from(data, (value) => value / 255);
  const x = tf.tensor4d(pixels, [pixels.length / 3072, 32, 32, 3]);
  const some = tf.slice(x, 0, 1000);
  const model = await loadCheckpoint(RELU_MODELS, 'plain');
  report(
    "lastLayerLaplace, the authors' ResNet, 1,000 images",
    [await costOf(() => lastLayerLaplace(model, some))],
    15,
  );
  report('ccu, 4,000 images of CIFAR-10, 100 components', [await costOf(() => ccu(model, x))], 120);
  tf.dispose([x, some]);
} else missing.push("the authors' networks (RELU_MODELS and RELU_DATA)");

await publish({
  name: 'certified',
  question: 'What do certified bounds and guarantees cost?',
  method: `A LeNet after 80 steps of plain training on MNIST and the authors' ResNet for CIFAR-10; L-infinity balls of radius ${EPSILON}. Bounds are medians of ${IMAGES} images after one that is not counted; everything else is made once. Processor time counts all threads of the process; the clock also runs while other programs do.`,
  tables: [{ title: 'Seconds', columns: ['', 'processor', 'clock'], rows }],
  targets,
  notes: missing.map((what) => `Left out: ${what} was not at hand.`),
  raw,
});
