import * as tf from '@tensorflow/tfjs-core';
import { createRng, gaussianLowPass, paperNoise, uniformNoise } from 'relu-overconfidence';
import { digits, range } from './support/format';
import { type Contestant, interleave, type Samples, timed } from './support/interleave';
import { startPeer } from './support/peer';
import { functionProfile, kernelProfile } from './support/profile';
import { publish, type Table, type Target } from './support/report';
import { median, ratio } from './support/stats';
import { useWasm } from './support/wasm';

const ROUNDS = 15;
const SHAPES: readonly [number, number, number, number][] = [
  [128, 28, 28, 1],
  [128, 32, 32, 3],
];

await useWasm();
const peer = await startPeer('noise', 'python3-numpy python3-scipy');

/** Both sides smooth the same image, and must agree. */
async function furthestApart(): Promise<number> {
  const image = uniformNoise([1, 28, 28, 1], { seed: 1 });
  const smooth = await gaussianLowPass(image, 2).data();
  const nested = (await tf.reshape(image, [28, 28, 1]).array()) as number[][][];
  const theirs = ((await peer!.ask('low_pass', { image: nested, sigma: 2 })).image as number[][][]).flat(2);
  return Math.max(...theirs.map((value, i) => Math.abs(value - smooth[i]!)));
}

const rows: string[][] = [];
const targets: Target[] = [];
const profiles: Table[] = [];
const raw: Record<string, Samples> = {};
for (const shape of SHAPES) {
  const label = shape.join(' x ');
  const images = uniformNoise(shape, { seed: 1 });
  const rng = createRng(1);
  const work = () => tf.dispose(paperNoise(images, rng));
  const contestants: Contestant[] = [{ name: 'ours', run: () => timed(work) }];
  if (peer) contestants.push({ name: 'scipy', run: async () => (await peer.ask('make', { shape })).ms });
  const samples = await interleave(contestants, ROUNDS);
  raw[label] = samples;
  const { ours, scipy } = samples as { ours: number[]; scipy?: number[] };
  if (!scipy) {
    rows.push([label, digits(median(ours)), '', '']);
    continue;
  }
  const faster = ratio(scipy, ours);
  rows.push([label, digits(median(ours)), digits(median(scipy)), range(faster)]);
  targets.push({ text: `${label}: at least as fast as scipy`, figure: range(faster), met: faster.median >= 1 });
  if (faster.median >= 1) continue;
  profiles.push(await kernelProfile(`Where the time goes for ${label}, by kernel`, work));
  const often = () => Array.from({ length: 10 }, work);
  profiles.push(await functionProfile(`Where the time goes for ${label}, by function`, often));
}
const notes = peer
  ? [`The same image smoothed by both sides (sigma 2) differs by at most ${(await furthestApart()).toExponential(0)}.`]
  : [];
peer?.close();

await publish({
  name: 'noise',
  question: 'How fast is the noise of the paper?',
  method:
    'One batch of noise: half permuted pixels, half uniform, a Gaussian low-pass with a standard deviation per image, full contrast. Ours is `paperNoise(images, rng)` on wasm; the peer draws with numpy and calls `scipy.ndimage.gaussian_filter` for each image. Ratio: their time by ours, round by round; above 1 means ours is faster.',
  tables: [
    { title: 'Milliseconds per batch (median)', columns: ['shape', 'ours', 'numpy and scipy', 'ratio'], rows },
    ...profiles,
  ],
  targets,
  notes,
  raw,
  ...(peer && { versions: peer.versions }),
});
