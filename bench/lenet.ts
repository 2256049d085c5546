import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { classifier, confidences, createRng, lpOut, paperNoise } from 'relu-overconfidence';
import { lenet } from 'relu-overconfidence/models';
import { disableWasmTraining, enableWasmTraining } from 'relu-overconfidence/wasm';
import { digits, range } from './support/format';
import { attack, gradientMs } from './support/gradientMs';
import { type Contestant, interleave, timed } from './support/interleave';
import { withLenetFiles } from './support/lenetFiles';
import { passRow } from './support/passRow';
import { type Answer, type Peer, startPeer } from './support/peer';
import { kernelProfile } from './support/profile';
import { publish } from './support/report';
import { median, ratio } from './support/stats';
import { useWasm } from './support/wasm';

const BATCH = 128;
const ROUNDS = 7;
/** The cpu backend is so slow that it gets a smaller batch, and its time is multiplied by what is missing. */
const CPU_BATCH = 4;

const OURS = 'wasm, our kernels';
const STOCK = 'wasm, stock kernels';
const CPU = `cpu backend (batch ${CPU_BATCH}, times ${BATCH / CPU_BATCH})`;

/** Builds model and batch on the current backend. */
function problem(batch: number) {
  const net = classifier(lenet({ seed: 1 }));
  const images = tf.tidy(() => paperNoise(tf.zeros([BATCH, 28, 28, 1]), createRng(1)));
  const x = tf.slice(images, 0, batch);
  images.dispose();
  const lpOutGradient = tf.grad((point: tf.Tensor) => tf.sum(lpOut(net.logits(point))));
  return {
    x,
    forward: () => timed(() => confidences(net, x)),
    gradient: () => gradientMs(net, x),
    attack: () => attack(net, x, 1),
    logits: () => net.logits(x).data(),
    gradientSum: () => tf.tidy(() => tf.sum(tf.abs(lpOutGradient(x)))).data(),
  };
}

/** Both pieces of work as contestants; `prepare` selects backend and kernels and is not timed. */
function contestants(
  name: string,
  { forward, gradient }: Pick<ReturnType<typeof problem>, 'forward' | 'gradient'>,
  prepare: () => Promise<unknown>,
  factor = 1,
): Contestant[] {
  const run = (work: () => Promise<number>) => async () => {
    await prepare();
    return factor * (await work());
  };
  return [
    { name: `${name}: forward`, run: run(forward) },
    { name: `${name}: gradient`, run: run(gradient) },
  ];
}

function peerContestants(name: string, peer: Peer): Contestant[] {
  const run = (command: string) => async () => (await peer.ask(command)).ms;
  return [
    { name: `${name}: forward`, run: run('forward') },
    { name: `${name}: gradient`, run: run('input_gradient') },
  ];
}

tf.env().set('PROD', true);
await tf.setBackend('cpu');
const onCpu = problem(CPU_BATCH);
await useWasm();
const onWasm = problem(BATCH);

const peers: Record<string, Peer> = {};
for (const threads of [1, 2]) {
  const peer = await startPeer('lenet', 'python3-torch', threads);
  if (peer) peers[`PyTorch, ${threads} thread${threads === 1 ? '' : 's'}`] = peer;
}

// The weights of the same seed are the same on every backend, so one set of files serves all.
const notes: string[] = [];
const model = lenet({ seed: 1 });
const labels = tf.zeros([BATCH], 'int32');
await withLenetFiles(model, { x: onWasm.x, y: labels }, async (folder) => {
  const logits = await onWasm.logits();
  const [sum] = await onWasm.gradientSum();
  for (const [name, peer] of Object.entries(peers)) {
    await peer.ask('load', { folder });
    const theirs = (await peer.ask('forward')).logits as number[];
    const furthest = Math.max(...theirs.map((value, i) => Math.abs(value - logits[i]!)));
    const gradient: Answer = await peer.ask('input_gradient');
    const off = Math.abs(Number(gradient.sum) / sum! - 1);
    if (furthest > 1e-3 || off > 1e-3) throw new Error(`${name} computes something else: ${furthest}, ${off}`);
    notes.push(
      `${name}: logits of the same weights and images differ from ours by at most ${furthest.toExponential(0)}.`,
    );
  }
});

const samples = await interleave(
  [
    ...contestants(OURS, onWasm, async () => enableWasmTraining()),
    ...contestants(STOCK, onWasm, async () => disableWasmTraining()),
    ...Object.entries(peers).flatMap(([name, peer]) => peerContestants(name, peer)),
  ],
  ROUNDS,
);
enableWasmTraining();
const profile = await kernelProfile('Where an attack of one step spends its time', onWasm.attack);
await tf.setBackend('cpu');
const slow = await interleave(
  contestants(CPU, onCpu, async () => {}, BATCH / CPU_BATCH),
  2,
);
for (const peer of Object.values(peers)) peer.close();

const ours = { forward: samples[`${OURS}: forward`]!, gradient: samples[`${OURS}: gradient`]! };
const slowRow = ['forward', 'gradient'].flatMap((work) => {
  const ms = median(slow[`${CPU}: ${work}`]!);
  return [digits(ms), digits(ms / median(samples[`${OURS}: ${work}`]!))];
});
const PYTORCH = 'PyTorch, 1 thread';
const againstPyTorch = (pass: 'forward' | 'gradient', most: number) => {
  const theirs = samples[`${PYTORCH}: ${pass}`];
  if (theirs === undefined) return [];
  const share = ratio(ours[pass], theirs);
  const text = `${pass} at most ${most} times the time of PyTorch with one thread`;
  return [{ text, figure: range(share), met: share.median <= most }];
};
const faster = ratio(samples[`${STOCK}: gradient`]!, ours.gradient);
await publish({
  name: 'lenet',
  question: 'How fast is the LeNet of the paper?',
  method: `Batch ${BATCH}, images 28 x 28 x 1; forward pass to the confidences, and gradient of L_pout with respect to the images, as the time of a step of \`pgdLinf\` (its own forward pass included). Ratios are to our kernels in the same round; above 1 means slower than ours. The cpu backend was measured on its own.`,
  tables: [
    {
      title: 'Milliseconds (median) and ratio (median and range over the rounds)',
      columns: ['', 'forward', 'ratio', 'input gradient', 'ratio'],
      rows: [...[OURS, STOCK, ...Object.keys(peers)].map((name) => passRow(samples, OURS, name)), [CPU, ...slowRow]],
    },
    profile,
  ],
  targets: [
    ...againstPyTorch('forward', 1),
    ...againstPyTorch('gradient', 0.8),
    { text: 'input gradient at least 5 times as fast as stock wasm', figure: range(faster), met: faster.median >= 5 },
  ],
  notes,
  raw: { samples, slow },
  versions: Object.assign({}, ...Object.values(peers).map(({ versions }) => versions)),
});
