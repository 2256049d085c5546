import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  evaluateOod,
  type FineTuneOptions,
  type FineTuneRecord,
  fineTune,
  type LabelledData,
  lpOut,
  maxConfidenceAttack,
  pgdLinf,
  uniformCrossEntropy,
} from 'relu-overconfidence';
import { type DatasetName, loadDataset, unitPixels } from 'relu-overconfidence/datasets';
import { loadModel, toLayersModel } from 'relu-overconfidence/models';
import { loadDigits } from '../digits/digits';
import { trainDigits } from '../digits/train';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';

/**
 * `npx tsx examples/fine-tune/main.ts [--model NAME] [--recipe NAME] [--seeds 1,2,3]`: compares recipes of `fineTune` on models that
 * people have, and writes the table of docs/settings.md. Runs that are kept in `output/` are not made again.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    recipe: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    updates: { type: 'string', default: '1000' },
  },
});

const EPSILON = 0.3;
const UPDATES = Number(values.updates);
/** Images of each other set. */
const OTHERS = 2000;
const OUTPUT = new URL('./output/', import.meta.url);
const DOCUMENT = new URL('../../docs/settings.md', import.meta.url);
const [BEGIN, END] = ['<!-- recipes: examples/fine-tune -->', '<!-- end of recipes -->'];

/** Candidates: the defaults of `fineTune` with one thing changed. */
const RECIPES: Readonly<Record<string, FineTuneOptions>> = {
  'the defaults': {},
  'the paper’s loss and attack': { outLoss: lpOut, attack: pgdLinf },
  'the paper’s loss': { outLoss: lpOut },
  'the paper’s attack': { attack: pgdLinf },
  'uniform cross entropy': { outLoss: uniformCrossEntropy },
  '10 steps of the attack': { steps: 10 },
  'lambda 0.5': { lambda: 0.5 },
  CEDA: { method: 'ceda' },
};

/** What a model is trained and tested on. */
interface Subject {
  readonly model: LayersModel;
  readonly train: LabelledData;
  readonly test: LabelledData;
  /** Images of other things, by name. */
  readonly others: Readonly<Record<string, tf.Tensor>>;
  /** What only this model asks for. */
  readonly options: FineTuneOptions;
}

/** One run. */
interface Row {
  readonly model: string;
  readonly recipe: string;
  readonly seed: number;
  readonly before: Numbers;
  readonly after: Numbers;
  readonly outcome: string;
  readonly updates: number;
  readonly seconds: number;
  /** Seconds of processor time. */
  readonly processor: number;
  readonly load: number;
  /** The highest mean confidence on attacked noise in the second half of the measurements. */
  readonly worst: number;
  /** All measurements on the way. */
  readonly checks: readonly FineTuneRecord[];
}

/** Test error, mean confidences on test data, on noise of them, and on that noise attacked with 50 steps, and AUROC of other images. */
type Numbers = Readonly<Record<'error' | 'data' | 'noise' | 'attacked', number>> & {
  readonly others: Readonly<Record<string, number>>;
};

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  digits: async () => {
    const digits = await loadDigits();
    const model = await trainDigits('plain', digits);
    return { model, ...digits, others: {}, options: { validation: digits.test } };
  },
  'digits-mlp': () => published('digits-mlp', 'mnist'),
  'digits-cnn-batchnorm': () => published('digits-cnn-batchnorm', 'mnist'),
  'digits-cnn-graph': () => published('digits-cnn-graph', 'mnist'),
  'fashion-mlp': () => published('fashion-mlp', 'fashion-mnist'),
};

await useWasm();
await mkdir(OUTPUT, { recursive: true });
for (const name of values.model === undefined ? Object.keys(SUBJECTS) : [values.model]) {
  const recipes = values.recipe === undefined ? Object.keys(RECIPES) : [values.recipe];
  const runs = recipes.flatMap((recipe) => values.seeds.split(',').map((seed) => ({ recipe, seed: Number(seed) })));
  const missing = runs.filter(({ recipe, seed }) => !existsSync(fileOf(name, recipe, seed)));
  if (missing.length > 0) await compare(name, missing);
}
await writeTable();

function fileOf(model: string, recipe: string, seed: number): URL {
  return new URL(`${model}-${recipe.replaceAll(/\W+/g, '-')}-${UPDATES}-${seed}.json`, OUTPUT);
}

async function compare(name: string, runs: readonly { readonly recipe: string; readonly seed: number }[]) {
  const subject = await SUBJECTS[name]!();
  const { model, train, options } = subject;
  const weights = model.getWeights().map((weight) => tf.clone(weight));
  const before = await numbersOf(subject);
  for (const { recipe, seed } of runs) {
    model.setWeights(weights);
    const checkpoint = fileURLToPath(fileOf(name, recipe, seed)).replace(/json$/, 'checkpoint');
    const started = performance.now();
    const used = process.cpuUsage();
    const result = await fineTune(model, train, {
      ...options,
      ...RECIPES[recipe],
      seed,
      updates: UPDATES,
      epsilon: EPSILON,
      force: true,
      checkpoint,
      onCheck: ({ update, error, confidence, noise, attackedNoise, allowed }) =>
        console.log(JSON.stringify({ update, error, confidence, noise, attackedNoise, allowed })),
      onStep: progressBar(`${name}, ${recipe}`),
    });
    const [seconds, processor] = [(performance.now() - started) / 1000, secondsOf(process.cpuUsage(used))];
    const late = result.checks.slice(Math.floor(result.checks.length / 2));
    const row: Row = {
      ...{ model: name, recipe, seed, before },
      after: await numbersOf(subject),
      outcome: result.outcome,
      updates: result.updates,
      seconds,
      processor,
      load: loadavg()[0]!,
      worst: Math.max(...late.map(({ attackedNoise }) => attackedNoise)),
      checks: result.checks,
    };
    await writeFile(fileOf(name, recipe, seed), `${JSON.stringify(row, null, 2)}\n`);
    await rm(checkpoint, { force: true });
    console.log(cells(row).join(' | '));
  }
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}

async function numbersOf({ model, test, others }: Subject): Promise<Numbers> {
  const { testError, rows } = await evaluateOod(model, {
    in: test,
    out: others,
    adversarialNoise: { epsilon: EPSILON, attack: maxConfidenceAttack, steps: 50, samples: 200 },
    adversarialSamples: false,
    seed: 'test',
  });
  const names = Object.keys(others);
  const of = (name: string) => rows.find((row) => row.name === name)!;
  const [data, noise, attacked] = ['in-distribution', 'noise', 'adversarial noise'].map(
    (name) => of(name).meanMaxConfidence!,
  );
  return {
    error: testError,
    data: data!,
    noise: noise!,
    attacked: attacked!,
    others: Object.fromEntries(names.map((name) => [name, of(name).auroc!])),
  };
}

async function published(name: string, set: 'mnist' | 'fashion-mnist'): Promise<Subject> {
  const { RELU_WILD = '../shared/wild-models', RELU_DATA = '../shared/data' } = process.env;
  const { model: read } = await loadModel(`${RELU_WILD}/${name}`);
  const model = 'layers' in read ? (read as LayersModel) : toLayersModel(read as tf.InferenceModel);
  const imagesOf = async (from: DatasetName, wanted: string, count?: number) => {
    const images = await loadDataset(RELU_DATA, from, { part: wanted });
    const shape = [images.shape[0], ...model.inputs[0]!.shape.slice(1)] as number[];
    const x = tf.tidy(() => tf.slice(tf.tensor(unitPixels(images), shape), 0, count ?? shape[0]!));
    return { x, y: tf.tensor1d(images.labels!, 'int32') };
  };
  const names = (['mnist', 'fashion-mnist', 'notmnist'] as const).filter((other) => other !== set);
  const others = await Promise.all(
    names.map(async (other) => [other, (await imagesOf(other, 'test', OTHERS)).x] as const),
  );
  return {
    model,
    train: await imagesOf(set, 'train'),
    test: await imagesOf(set, 'test'),
    others: Object.fromEntries(others),
    options: {},
  };
}

function cells({ model, recipe, seed, after, outcome, worst, updates, seconds, load }: Row): string[] {
  return [
    model,
    recipe,
    String(seed),
    ...numbers(after),
    worst.toFixed(3),
    outcome,
    String(updates),
    seconds.toFixed(0),
    load.toFixed(1),
  ];
}

function numbers({ error, data, noise, attacked }: Numbers): string[] {
  return [`${(100 * error).toFixed(2)} %`, ...[data, noise, attacked].map((confidence) => confidence.toFixed(3))];
}

/** All runs there are, put between the marks of the document. */
async function writeTable(): Promise<void> {
  const names = (await readdir(OUTPUT)).filter((name) => name.endsWith('.json')).sort();
  const rows = await Promise.all(
    names.map(async (name): Promise<Row> => JSON.parse(await readFile(new URL(name, OUTPUT), 'utf8'))),
  );
  const order = Object.keys(RECIPES);
  const lines = Object.keys(SUBJECTS).flatMap((model) => {
    const own = rows.filter((row) => row.model === model);
    if (own.length === 0) return [];
    own.sort((a, b) => order.indexOf(a.recipe) - order.indexOf(b.recipe) || a.seed - b.seed);
    return [[model, 'before', '', ...numbers(own[0]!.before), '', '', '', '', ''], ...own.map(cells)];
  });
  const head = ['model', 'recipe', 'seed', 'test error', 'data', 'noise', 'attacked noise', 'worst', 'outcome'];
  const rule = ['---', '---', '--:', '--:', '--:', '--:', '--:', '--:', '---', '--:', '--:', '--:'];
  const table = [[...head, 'updates', 'seconds', 'load'], rule, ...lines].map((line) => `| ${line.join(' | ')} |`);
  const document = await readFile(DOCUMENT, 'utf8');
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/settings.md has no place for the table: ${BEGIN} and ${END}.`);
  const written = `${document.slice(0, from + BEGIN.length)}\n\n${table.join('\n')}\n\n${document.slice(to)}`;
  await writeFile(DOCUMENT, written);
  console.log(`\nWrote ${lines.length} rows into docs/settings.md.`);
}
