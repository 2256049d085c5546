import * as tf from '@tensorflow/tfjs-core';
import { createRng, paperNoise, pgdLinf } from 'relu-overconfidence';
import { lenet } from 'relu-overconfidence/models';
import { digits } from './support/format';
import { interleave, type Samples, timed } from './support/interleave';
import { publish, type Table, type Target } from './support/report';
import { fittedExponent, median } from './support/stats';
import { useWasm } from './support/wasm';

const ROUNDS = 5;
const BATCHES = [4, 8, 16, 32, 64];
const STEPS = [4, 8, 16, 32];
const FIXED = { batch: 16, steps: 5 };
/** A little above 1, because the exponent is fitted to times. */
const LINEAR = 1.1;

await useWasm();
const model = lenet({ seed: 1 });
const images = tf.tidy(() => paperNoise(tf.zeros([Math.max(...BATCHES), 28, 28, 1]), createRng(1)));

/** Milliseconds of the paper's attack on so many images with so many steps. */
async function attackTime(batch: number, steps: number): Promise<number> {
  const x = tf.slice(images, 0, batch);
  const ms = await timed(() => {
    const { adversarial, objective } = pgdLinf(model, x, { epsilon: 0.3, steps, seed: 1 });
    tf.dispose([adversarial, objective]);
  });
  x.dispose();
  return ms;
}

const tables: Table[] = [];
const targets: Target[] = [];
const raw: Record<string, Samples> = {};
async function measure(what: string, sizes: readonly number[], run: (size: number) => Promise<number>): Promise<void> {
  const samples = await interleave(
    sizes.map((size) => ({ name: String(size), run: () => run(size) })),
    ROUNDS,
  );
  raw[what] = samples;
  const ms = sizes.map((size) => median(samples[size]!));
  const exponent = fittedExponent(sizes, ms);
  tables.push({
    title: `Milliseconds (median) by ${what}`,
    columns: [what, 'time', `time per unit of ${what}`],
    rows: sizes.map((size, i) => [String(size), digits(ms[i]!), digits(ms[i]! / size)]),
  });
  targets.push({
    text: `${what}: cost grows no faster than linearly`,
    figure: `time proportional to ${what}^${exponent.toFixed(2)}`,
    met: exponent <= LINEAR,
  });
}
await measure('batch', BATCHES, (batch) => attackTime(batch, FIXED.steps));
await measure('steps', STEPS, (steps) => attackTime(FIXED.batch, steps));
images.dispose();
model.dispose();

await publish({
  name: 'scaling',
  question: 'How does the cost grow?',
  method: `The paper's attack (PGD on the LeNet, wasm with our kernels). The batch varies at ${FIXED.steps} steps, and the steps vary at a batch of ${FIXED.batch}. The exponent is that of the power law that fits the medians best; 1 is linear, and "no faster" allows ${LINEAR} for noise.`,
  tables,
  targets,
  notes: [],
  raw,
});
