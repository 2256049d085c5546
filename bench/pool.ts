import * as tf from '@tensorflow/tfjs-core';
import {
  type AcetOptions,
  acetStep,
  type LabelledData,
  maxConfidenceAttack,
  pgdLinf,
  uniformNoise,
} from 'relu-overconfidence';
import { lenet } from 'relu-overconfidence/models';
import { createTrainingPool } from 'relu-overconfidence/parallel';
import { digits, range } from './support/format';
import { type Contestant, interleave, timed } from './support/interleave';
import { withLenetFiles } from './support/lenetFiles';
import { type Peer, startPeer } from './support/peer';
import { publish, type Target } from './support/report';
import { median, ratio } from './support/stats';
import { useWasm } from './support/wasm';

const BATCH = 128;
const ROUNDS = 5;
/** Gradient steps of the attack that stands for input gradients; with it come two forward passes. */
const GRADIENTS = 10;
const STEPS = 40;
/** Steps of our strongest attack that find more confidence than these: see the benchmark `attacks`. */
const STRONG_STEPS = 10;

const ALONE = 'this library, in process';
const ONE = 'this library, pool of 1 worker';
const TWO = 'this library, pool of 2 workers';
const STRONG = `this library, pool of 2 workers, maxConfidenceAttack of ${STRONG_STEPS} steps`;
const TORCH = 'PyTorch, 2 threads';
const TORCH_PAPER = 'PyTorch, 2 threads, with the extra forward pass of the paper';

/** Both pieces of work in one way of doing them. */
function contestants(name: string, attack: () => unknown, step: () => unknown): Contestant[] {
  return [
    { name: `${name}: gradients`, run: () => timed(attack) },
    { name: `${name}: step`, run: () => timed(step) },
  ];
}

/** In this process. */
function alone(batch: LabelledData): Contestant[] {
  const model = lenet({ seed: 1 });
  const optimizer = tf.train.adam(1e-3);
  return contestants(
    ALONE,
    () => {
      const { adversarial, objective } = pgdLinf(model, batch.x, { steps: GRADIENTS });
      tf.dispose([adversarial, objective]);
    },
    () => tf.dispose(acetStep(model, optimizer, batch, { steps: STEPS })),
  );
}

/** On workers; the pools stay open until the end of the program, and idle in between. */
async function pooled(name: string, workers: number, batch: LabelledData): Promise<Contestant[]> {
  const pool = await createTrainingPool(lenet({ seed: 1 }), { workers });
  const optimizer = tf.train.adam(1e-3);
  const step = async (options: AcetOptions) => tf.dispose(await pool.acetStep(optimizer, batch, options));
  const strong = () => timed(() => step({ attack: maxConfidenceAttack, steps: STRONG_STEPS }));
  const usual = contestants(
    name,
    async () => {
      const { adversarial, objective } = await pool.pgdLinf(batch.x, { steps: GRADIENTS });
      tf.dispose([adversarial, objective]);
    },
    () => step({ steps: STEPS }),
  );
  return name === TWO ? [...usual, { name: `${STRONG}: step`, run: strong }] : usual;
}

function torch(peer: Peer): Contestant[] {
  const step = (extra_forward: boolean) => async () =>
    (await peer.ask('acet_step', { steps: STEPS, extra_forward })).ms;
  return [
    { name: `${TORCH}: gradients`, run: async () => GRADIENTS * (await peer.ask('input_gradient')).ms },
    { name: `${TORCH}: step`, run: step(false) },
    { name: `${TORCH_PAPER}: step`, run: step(true) },
  ];
}

await useWasm();
const batch: LabelledData = { x: uniformNoise([BATCH, 28, 28, 1], { seed: 1 }), y: tf.zeros([BATCH], 'int32') };
const peer = await startPeer('lenet', 'python3-torch', 2);
if (peer) await withLenetFiles(lenet({ seed: 1 }), batch, (folder) => peer.ask('load', { folder }));
const samples = await interleave(
  [...alone(batch), ...(await pooled(ONE, 1, batch)), ...(await pooled(TWO, 2, batch)), ...(peer ? torch(peer) : [])],
  ROUNDS,
);
peer?.close();

const cells = (name: string) => {
  const [ms, two] = [samples[name], samples[`${TWO}: ${name.slice(name.lastIndexOf(' ') + 1)}`]!];
  return ms === undefined ? ['', ''] : [digits(median(ms)), range(ratio(ms, two))];
};
const targets: Target[] = [];
if (peer) {
  const lead = ratio(samples[`${TORCH_PAPER}: step`]!, samples[`${TWO}: step`]!);
  targets.push({
    text: 'an ACET step on 2 workers not slower than in PyTorch with 2 threads and the extra forward pass of the paper',
    figure: `PyTorch takes ${range(lead)} times as long`,
    met: lead.median >= 1,
  });
  const strong = ratio(samples[`${TORCH}: step`]!, samples[`${STRONG}: step`]!);
  targets.push({
    text: 'an ACET step on 2 workers with maxConfidenceAttack at least 2 times as fast as PyTorch with 2 threads, PGD without the extra pass',
    figure: `PyTorch takes ${range(strong)} times as long`,
    met: strong.median >= 2,
  });
}
await publish({
  name: 'pool',
  question: 'What do worker threads bring?',
  method: `LeNet, images 28 x 28 x 1. Input gradients: PGD of ${GRADIENTS} steps on a batch of ${BATCH} (PyTorch: ${GRADIENTS} gradients). ACET step: ${BATCH} clean images and ${BATCH} of noise, PGD of ${STEPS} steps, gradients and Adam. Ratios are to 2 workers in the same round; above 1 means slower than they.`,
  tables: [
    {
      title: 'Milliseconds (median) and ratio (median and range over the rounds)',
      columns: ['', `${GRADIENTS} input gradients`, 'ratio', 'ACET step', 'ratio'],
      rows: [ALONE, ONE, TWO, STRONG, ...(peer ? [TORCH, TORCH_PAPER] : [])].map((name) => [
        name,
        ...cells(`${name}: gradients`),
        ...cells(`${name}: step`),
      ]),
    },
  ],
  targets,
  notes: [],
  raw: { samples },
  versions: peer?.versions ?? {},
});
