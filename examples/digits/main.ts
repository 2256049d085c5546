import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  evaluateOod,
  formatOodReport,
  type Method,
  type OodReport,
  paperNoise,
  uniformNoise,
} from 'relu-overconfidence';
import { checkClaims } from '../support/claims';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { loadDigits } from './digits';
import { drawPictures } from './pictures';
import { EPSILON, trainDigits } from './train';

const METHODS: readonly Method[] = ['plain', 'ceda', 'acet'];
const OUTPUT = new URL('./output/', import.meta.url);

await useWasm();
const digits = await loadDigits();
const models: Record<string, Awaited<ReturnType<typeof trainDigits>>> = {};
const reports: Record<string, OodReport> = {};
for (const method of METHODS) {
  models[method] = await trainDigits(method, digits);
  reports[method] = await evaluateOod(models[method], {
    in: digits.test,
    noise: { 'uniform noise': (images, rng) => uniformNoise(images.shape, { rng }), 'paper noise': paperNoise },
    adversarialNoise: { epsilon: EPSILON, steps: 200 },
    adversarialSamples: { epsilon: EPSILON, steps: 80 },
    seed: 1,
    keepScores: true,
    onProgress: progressBar(`evaluate ${method}`),
  });
}

console.log(
  '\n1,797 handwritten digits of 8x8 pixels: 1,400 to train on, 397 to test. All numbers in one table, as Table 1 of the paper:\n',
);
console.log(formatOodReport(reports));
await mkdir(OUTPUT, { recursive: true });
await drawPictures(OUTPUT, digits, models, reports);
const withoutScores = Object.entries(reports).map(([method, { rows, ...rest }]) => [
  method,
  { ...rest, rows: rows.map(({ scores, ...row }) => row) },
]);
await writeFile(new URL('report.json', OUTPUT), `${JSON.stringify(Object.fromEntries(withoutScores), null, 2)}\n`);
console.log(`\nPictures and report.json are in ${fileURLToPath(OUTPUT)}\n`);

const adversarialNoise = (method: Method) => reports[method]!.rows.find(({ kind }) => kind === 'adversarialNoise')!;
const confidence = (method: Method) => adversarialNoise(method).meanMaxConfidence!;
const lost = 100 * (reports.acet!.testError - reports.plain!.testError);
checkClaims([
  {
    text: 'plain: mean confidence on adversarial noise above 0.9',
    value: confidence('plain'),
    holds: confidence('plain') > 0.9,
  },
  {
    text: 'ACET: mean confidence on adversarial noise below 0.25',
    value: confidence('acet'),
    holds: confidence('acet') < 0.25,
  },
  {
    text: 'ACET: AUROC on adversarial noise above 0.95',
    value: adversarialNoise('acet').auroc!,
    holds: adversarialNoise('acet').auroc! > 0.95,
  },
  { text: 'ACET: test error at most 1.5 points above plain', value: lost, holds: lost <= 1.5 },
]);
