import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { uniformNoise } from 'relu-overconfidence';
import { lenet } from 'relu-overconfidence/models';
import { createTrainingPool, type TrainingPool } from 'relu-overconfidence/parallel';
import { digits, range } from './support/format';
import { type Contestant, interleave, timed } from './support/interleave';
import { publish, type Table, type Target } from './support/report';
import { fittedExponent, median, type Ratio, ratio } from './support/stats';
import { useWasm } from './support/wasm';

const BATCH = 128;
const GRADIENTS = 10;
const ROUNDS = 7;
/** More workers than cores would only share them. */
const COUNTS = Array.from({ length: Math.min(4, availableParallelism()) }, (_, i) => i + 1);

const pools: TrainingPool[] = [];
async function openPool(workers: number): Promise<TrainingPool> {
  const pool = await createTrainingPool(lenet({ seed: 1 }), { workers });
  pools.push(pool);
  return pool;
}

async function attack(pool: TrainingPool, images: tf.Tensor): Promise<void> {
  const { adversarial, objective } = await pool.pgdLinf(images, { steps: GRADIENTS, seed: 1 });
  tf.dispose([adversarial, objective]);
}

await useWasm();
const whole = uniformNoise([BATCH, 28, 28, 1], { seed: 1 });
const half = tf.slice(whole, 0, BATCH / 2);
const byCount: Contestant[] = [];
for (const count of COUNTS) {
  const pool = await openPool(count);
  byCount.push({ name: `${count}`, run: () => timed(() => attack(pool, whole)) });
}
const [one, other] = [await openPool(1), await openPool(1)];
const samples = await interleave(
  [
    ...byCount,
    { name: 'half', run: () => timed(() => attack(one, half)) },
    { name: 'two halves', run: () => timed(() => Promise.all([attack(one, half), attack(other, half)])) },
  ],
  ROUNDS,
);
for (const pool of pools) await pool.dispose();
tf.dispose([whole, half]);

const ms = COUNTS.map((count) => median(samples[count]!));
const tables: Table[] = [
  {
    title: 'Milliseconds (median) by workers',
    columns: ['workers', 'time', 'gain'],
    rows: COUNTS.map((count, i) => [String(count), digits(ms[i]!), range(ratio(samples['1']!, samples[count]!))]),
  },
];
const targets: Target[] = [];
if (samples['2']) {
  const gain = ratio(samples['1']!, samples['2']);
  const together = samples['two halves']!;
  const loss = (what: string, factor: Ratio) => [what, range(factor)];
  tables.push({
    title: 'Where the gain of the second worker goes',
    columns: ['', 'factor'],
    rows: [
      loss('half of the images, alone, are faster than all by', ratio(samples['1']!, samples.half!)),
      loss('two halves at once, which share nothing, are slower than one alone by', ratio(together, samples.half!)),
      loss('a pool of two is slower than two halves that share nothing by', ratio(samples['2'], together)),
    ],
  });
  targets.push({
    text: '2 workers at least 1.7 times as fast as 1 on input gradients',
    figure: range(gain),
    met: gain.median >= 1.7,
  });
}
await publish({
  name: 'workers',
  question: 'How does a pool grow with its workers, and what holds it back?',
  method: `Input gradients: PGD of ${GRADIENTS} steps on ${BATCH} images of 28 x 28 x 1 with the LeNet, on pools of one worker up to one per core. Then, for the loss of the second worker, a pool of one worker on half of the images, alone and while another such pool, which shares nothing with it, does the same.`,
  tables,
  targets,
  notes: [`Time proportional to workers^${fittedExponent(COUNTS, ms).toFixed(2)}.`],
  raw: samples,
});
