import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { apgdLinf, createRng, lpOut, maxConfidenceAttack, maxLogOdds, paperNoise, pgdLinf } from 'relu-overconfidence';
import { type Course, confidence, doubt, watch } from './support/attackCurves';
import { type AttackedNetwork, attackedNetworks } from './support/attackedNetworks';
import { publish, type Table, type Target } from './support/report';
import { useWasm } from './support/wasm';

const BUDGETS = [5, 10, 20, 50, 100, 200];
/** What is measured for attacks whose schedule depends on the number of steps: every budget is a run of its own. */
const SCHEDULED = [10, 20, 50];
/** Log-odds from which float32 rounds the confidence to 1. */
const SATURATED = 17;
/** Evaluations of `maxConfidenceAttack` before its first gradient: the images and four starts. */
const BEFORE = 5;

await useWasm();
const tables: Table[] = [];
const targets: Target[] = [];
const raw: Record<string, unknown> = {};
const halfway: string[][] = [];
const { networks, missing } = await attackedNetworks();
for (const network of networks) {
  const model = await network.load();
  const noise = paperNoise(network.images, createRng('attacks'));
  await compare(network, model, noise);
  noise.dispose();
  model.dispose();
}

/** Measures all attacks on one network and notes what came out. */
async function compare({ name, method }: AttackedNetwork, model: LayersModel, noise: tf.Tensor): Promise<void> {
  // The images themselves come first, then the point of every gradient, and the last point without one.
  const [before, ...paper] = (await watch(pgdLinf, model, noise, { steps: 200, objective: lpOut })).bestAfter.map(
    doubt,
  );
  const rows = [['PGD of the paper', ...BUDGETS.map((budget) => confidence(paper[budget]!))]];
  const apgd: Record<number, number> = {};
  const ours: Record<number, number> = {};
  for (const steps of SCHEDULED) {
    apgd[steps] = doubt((await watch(apgdLinf, model, noise, { steps, objective: lpOut })).bestAfter.at(-1)!);
    const course = await watch(maxConfidenceAttack, model, noise, { steps, objective: maxLogOdds });
    if (course.gradientEvaluations > steps) throw new Error(`${course.gradientEvaluations} gradients for ${steps}.`);
    ours[steps] = doubt(course.bestAfter.at(-1)!);
    if (steps === 50) halfway.push([name, ...atHalf(course, steps)]);
  }
  for (const [attack, curve] of Object.entries({ AutoPGD: apgd, maxConfidenceAttack: ours }))
    rows.push([attack, ...BUDGETS.map((budget) => (curve[budget] === undefined ? '' : confidence(curve[budget])))]);
  const title = `Mean confidence by gradient evaluations, ${name}, ${noise.shape[0]} images; ${confidence(before!)} before any attack`;
  tables.push({ title, columns: ['', ...BUDGETS.map(String)], rows });
  raw[name] = { doubt: { paper, AutoPGD: apgd, maxConfidenceAttack: ours } };
  if (method === 'acet') return;
  const goal = paper[200]!;
  const figure = (budget: number) => `${confidence(ours[budget]!)} against ${confidence(goal)}`;
  targets.push(
    {
      text: `${name}: mean confidence of the paper's PGD-200 reached in 20 gradient evaluations`,
      figure: figure(20),
      met: ours[20]! <= goal,
    },
    { text: `${name}: exceeded in 50`, figure: figure(50), met: ours[50]! < goal },
  );
}

/** How a run stands after half of its gradients, and what the other half adds. */
function atHalf({ bestAfter }: Course, steps: number): string[] {
  const [quarter, half, end] = [steps / 4, steps / 2, steps].map((at) => bestAfter[BEFORE + Math.floor(at) - 1]!);
  const images = [...half!.keys()];
  const share = (holds: (i: number) => boolean) =>
    `${((100 * images.filter(holds).length) / images.length).toFixed(0)} %`;
  const mean = (odds: Float64Array) => (odds.reduce((sum, v) => sum + v, 0) / odds.length).toFixed(1);
  return [
    share((i) => half![i]! > SATURATED),
    share((i) => half![i]! <= quarter![i]!),
    share((i) => end![i]! > half![i]!),
    `${mean(half!)} to ${mean(end!)}`,
  ];
}

tables.push({
  title: 'maxConfidenceAttack of 50 steps at half time',
  columns: [
    '',
    `log-odds above ${SATURATED}`,
    'no better than at a quarter',
    'better at the end',
    'mean log-odds, half time to end',
  ],
  rows: halfway,
});
await publish({
  name: 'attacks',
  question: 'How much confidence does an attack find for its cost?',
  method:
    "LeNets after 80 steps of plain training and of CEDA on MNIST (batch 128, Adam 1e-3), and the networks that the paper's authors published; the paper's noise, L-infinity ball of radius 0.3, the same images for all attacks. Cost is counted in gradient evaluations, so these figures do not depend on the machine. `1 - 2e-9` is a mean confidence of which 2e-9 is missing to 1, from log-odds in float64.",
  tables,
  targets,
  notes: [
    ...missing.map((what) => `Left out: ${what}`),
    'Forward passes without a gradient, each about a third of one, are not counted: 2 for PGD and AutoPGD, 6 for maxConfidenceAttack.',
    'The last table is why maxConfidenceAttack carries every image to the end: on the networks of plain training and CEDA every image gains log-odds in the second half, by which it is ranked against the in-distribution, also where its confidence has rounded to 1 in float32. On ACET the smooth steps of the first quarter find everything and the rest adds nothing; leaving its images out from half time would save half of the gradients there and none elsewhere.',
  ],
  raw,
});
