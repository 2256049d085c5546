import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  evaluateOod,
  formatOodReport,
  type Method,
  maxConfidenceAttack,
  type OodReport,
  paperNoise,
  uniformNoise,
} from 'relu-overconfidence';
import { loadModel, saveModel } from 'relu-overconfidence/models';
import { checkClaims } from '../support/claims';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { loadDigits } from './digits';
import { drawPictures } from './pictures';
import { EPSILON, trainDigits } from './train';

const OUTPUT = new URL('./output/', import.meta.url);
const SELF = fileURLToPath(import.meta.url);
/** The methods of the paper by their names. */
const METHODS = { plain: 'plain', CEDA: 'ceda', ACET: 'acet' } as const;
const ATTACK = { attack: maxConfidenceAttack, epsilon: EPSILON };
/** Enough for the point. What an attack of five steps leaves, one of fifty is to find. */
const SHORT = { ...ATTACK, steps: 5, epochs: 25 };

await useWasm();
const digits = await loadDigits();
const [lane] = process.argv.slice(2);
if (lane !== undefined) {
  for (const method of lane.split(',') as Method[]) await trainAndMeasure(method);
  process.exit();
}

// Two processes, since ACET takes as long as the rest. It shows how far it is; the other says nothing.
await mkdir(OUTPUT, { recursive: true });
console.error('Training ACET, and the plain and the CEDA classifier beside it.');
await Promise.all([start('acet', 'inherit'), start('plain,ceda', 'ignore')]);
const models: Record<string, LayersModel> = {};
const reports: Record<string, OodReport> = {};
for (const [name, method] of Object.entries(METHODS)) {
  models[name] = (await loadModel(modelFolder(method))).model as LayersModel;
  reports[name] = deserialize(await readFile(reportFile(method)));
}

console.log(
  '\n1,797 handwritten digits of 8x8 pixels: 1,400 to train on, 397 to test. All numbers in one table, as Table 1 of the paper:\n',
);
console.log(formatOodReport(reports));
await drawPictures(OUTPUT, digits, models, reports);
const withoutScores = Object.entries(reports).map(([name, { rows, ...rest }]) => [
  name,
  { ...rest, rows: rows.map(({ scores, ...row }) => row) },
]);
await writeFile(new URL('report.json', OUTPUT), `${JSON.stringify(Object.fromEntries(withoutScores), null, 2)}\n`);
console.log(`\nPictures and report.json are in ${fileURLToPath(OUTPUT)}\n`);

type Name = keyof typeof METHODS;
const adversarialNoise = (name: Name) => reports[name]!.rows.find(({ kind }) => kind === 'adversarialNoise')!;
const confidence = (name: Name) => adversarialNoise(name).meanMaxConfidence!;
const lost = 100 * (reports.ACET!.testError - reports.plain!.testError);
checkClaims([
  {
    text: 'plain: mean confidence on adversarial noise above 0.9',
    value: confidence('plain'),
    holds: confidence('plain') > 0.9,
  },
  {
    text: 'ACET: mean confidence on adversarial noise below 0.25',
    value: confidence('ACET'),
    holds: confidence('ACET') < 0.25,
  },
  {
    text: 'ACET: AUROC on adversarial noise above 0.95',
    value: adversarialNoise('ACET').auroc!,
    holds: adversarialNoise('ACET').auroc! > 0.95,
  },
  { text: 'ACET: test error at most 1.5 points above plain', value: lost, holds: lost <= 1.5 },
]);

/** Trains the classifiers of a lane in a process of its own; it fails if that one does. */
async function start(lane: string, progress: 'inherit' | 'ignore'): Promise<void> {
  const [code] = await once(fork(SELF, [lane], { stdio: ['ignore', 'inherit', progress, 'ipc'] }), 'exit');
  if (code !== 0) throw new Error(`The process that trains ${lane} ended with ${code}.`);
}

/** Trains a classifier, measures it, and leaves both in the output folder. */
async function trainAndMeasure(method: Method): Promise<void> {
  const model = await trainDigits(method, digits, SHORT);
  const report = await evaluateOod(model, {
    in: digits.test,
    noise: { 'uniform noise': (images, rng) => uniformNoise(images.shape, { rng }), 'paper noise': paperNoise },
    adversarialNoise: { ...ATTACK, steps: 50 },
    adversarialSamples: { epsilon: EPSILON, steps: 80 },
    seed: 1,
    keepScores: true,
    onProgress: progressBar(`evaluate ${method}`),
  });
  await saveModel(model, modelFolder(method), { overwrite: true });
  await writeFile(reportFile(method), serialize(report));
}

function modelFolder(method: string): string {
  return fileURLToPath(new URL(`models/${method}`, OUTPUT));
}

function reportFile(method: string): string {
  return `${modelFolder(method)}/report.bin`;
}
