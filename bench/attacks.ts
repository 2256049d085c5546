import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  type Attack,
  apgdLinf,
  confidences,
  createRng,
  lpOut,
  maxConfidenceAttack,
  paperNoise,
  pgdLinf,
} from 'relu-overconfidence';
import { digits } from './support/format';
import { loadMnist } from './support/mnist';
import { publish, type Table, type Target } from './support/report';
import { trainedLenet } from './support/trainedLenet';
import { useWasm } from './support/wasm';

const IMAGES = 64;
const BUDGETS = [5, 10, 20, 50, 100, 200];
/** What is measured for attacks whose schedule depends on the number of steps: every budget is a run of its own. */
const SCHEDULED = [10, 20, 50, 100];
const EPSILON = 0.3;

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;

/** Mean confidence after every number of gradient evaluations of one run of the paper's attack: index 1, ..., 200. */
async function paperCurve(model: LayersModel, noise: tf.Tensor, steps: number): Promise<number[]> {
  const seen: tf.Tensor[] = [];
  const objective = (logits: tf.Tensor2D) => {
    const value = lpOut(logits);
    seen.push(tf.keep(tf.clone(value)));
    return value;
  };
  const found = pgdLinf(model, noise, { epsilon: EPSILON, steps, objective, seed: 1 });
  // The images themselves come first, then the point of every gradient, and the last point without one.
  const values = await Promise.all(seen.map((value) => value.data()));
  tf.dispose([found.adversarial, found.objective, seen]);
  let best = Array.from(values[0]!);
  return values.slice(1).map((value) => {
    best = best.map((b, i) => Math.max(b, value[i]!));
    return mean(best.map(Math.exp));
  });
}

/** Mean confidence that an attack reaches within a number of gradient evaluations. */
async function reached(attack: Attack, model: LayersModel, noise: tf.Tensor, steps: number) {
  const { adversarial, objective, gradientEvaluations } = attack(model, noise, { epsilon: EPSILON, steps, seed: 1 });
  const confidence = mean(await confidences(model, adversarial));
  tf.dispose([adversarial, objective]);
  return { confidence, gradientEvaluations };
}

await useWasm();
const tables: Table[] = [];
const targets: Target[] = [];
const raw: Record<string, unknown> = {};
const data = await loadMnist(80 * 128 + IMAGES);
for (const method of data ? (['plain', 'ceda'] as const) : []) {
  const model = await trainedLenet(method, data!);
  const clean = tf.slice(data!.x, 80 * 128, IMAGES);
  const noise = paperNoise(clean, createRng('attacks'));
  const before = mean(await confidences(model, noise));
  const paper = await paperCurve(model, noise, 200);
  const goal = paper[200]!;
  const rows: string[][] = [['PGD of the paper', ...BUDGETS.map((budget) => digits(paper[budget]!))]];
  raw[method] = { paper };
  for (const [name, attack] of Object.entries({ AutoPGD: apgdLinf, maxConfidenceAttack })) {
    const curve: Record<number, number> = {};
    for (const budget of SCHEDULED) {
      const { confidence, gradientEvaluations } = await reached(attack, model, noise, budget);
      if (gradientEvaluations > budget) throw new Error(`${name} took ${gradientEvaluations} for ${budget}.`);
      curve[budget] = confidence;
    }
    rows.push([name, ...BUDGETS.map((budget) => (curve[budget] === undefined ? '' : digits(curve[budget])))]);
    Object.assign(raw[method] as object, { [name]: curve });
    if (attack !== maxConfidenceAttack) continue;
    const figure = (budget: number) => `${digits(curve[budget]!)} against ${digits(goal)}`;
    targets.push(
      {
        text: `${method}: mean confidence of the paper's PGD-200 reached in 20 gradient evaluations`,
        figure: figure(20),
        met: curve[20]! >= goal,
      },
      { text: `${method}: exceeded in 50`, figure: figure(50), met: curve[50]! > goal },
    );
  }
  tables.push({
    title: `Mean confidence by gradient evaluations, network trained by ${method}; ${digits(before)} before any attack`,
    columns: ['', ...BUDGETS.map(String)],
    rows,
  });
  tf.dispose([clean, noise]);
  model.dispose();
}
await publish({
  name: 'attacks',
  question: 'How much confidence does an attack find for its cost?',
  method: `LeNets after 80 steps of plain training and of CEDA on MNIST (batch 128, Adam 1e-3); ${IMAGES} images of the paper's noise, L-infinity ball of radius ${EPSILON}, the same images for all. Cost is counted in gradient evaluations, so these figures do not depend on the machine.`,
  tables,
  targets,
  notes: [
    ...(data ? [] : ['Left out: MNIST was not at hand (RELU_DATA).']),
    'Forward passes without a gradient, each about a third of one, are not counted: 2 for PGD and AutoPGD, 6 for maxConfidenceAttack.',
  ],
  raw,
});
