import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  evaluateOod,
  type FineTuneOptions,
  fineTune,
  type LabelledData,
  lpOut,
  maxConfidenceAttack,
  pgdLinf,
  uniformCrossEntropy,
} from 'relu-overconfidence';
import { loadDataset, unitPixels } from 'relu-overconfidence/datasets';
import { loadModel } from 'relu-overconfidence/models';
import { loadDigits } from '../digits/digits';
import { trainDigits } from '../digits/train';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';

/**
 * `npx tsx examples/fine-tune/main.ts [--model NAME] [--recipe NAME] [--seeds 1,2,3]`: compares recipes of `fineTune` on models that
 * people have, and writes the table of docs/settings.md. Runs that are kept in `output/` are not made again.
 */
const { values } = parseArgs({
  options: { model: { type: 'string' }, recipe: { type: 'string' }, seeds: { type: 'string', default: '1' } },
});

const EPSILON = 0.3;
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
  readonly load: number;
  /** The highest mean confidence on attacked noise in the second half of the measurements. */
  readonly worst: number;
}

/** Test error, and mean confidences on test data, on noise of them, and on that noise attacked with 50 steps. */
type Numbers = Readonly<Record<'error' | 'data' | 'noise' | 'attacked', number>>;

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  digits: async () => {
    const digits = await loadDigits();
    const model = await trainDigits('plain', digits);
    return { model, ...digits, options: { validation: digits.test } };
  },
  'digits-mlp': () => published('digits-mlp', 'mnist'),
  'digits-cnn-batchnorm': () => published('digits-cnn-batchnorm', 'mnist'),
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
  return new URL(`${model}-${recipe.replaceAll(/\W+/g, '-')}-${seed}.json`, OUTPUT);
}

async function compare(name: string, runs: readonly { readonly recipe: string; readonly seed: number }[]) {
  const { model, train, test, options } = await SUBJECTS[name]!();
  const weights = model.getWeights().map((weight) => tf.clone(weight));
  const before = await numbersOf(model, test);
  for (const { recipe, seed } of runs) {
    model.setWeights(weights);
    const started = performance.now();
    const result = await fineTune(model, train, {
      ...options,
      ...RECIPES[recipe],
      seed,
      epsilon: EPSILON,
      force: true,
      onStep: progressBar(`${name}, ${recipe}`),
    });
    const late = result.checks.slice(Math.floor(result.checks.length / 2));
    const row: Row = {
      ...{ model: name, recipe, seed, before },
      after: await numbersOf(model, test),
      outcome: result.outcome,
      updates: result.updates,
      seconds: (performance.now() - started) / 1000,
      load: loadavg()[0]!,
      worst: Math.max(...late.map(({ attackedNoise }) => attackedNoise)),
    };
    await writeFile(fileOf(name, recipe, seed), `${JSON.stringify(row, null, 2)}\n`);
    console.log(cells(row).join(' | '));
  }
}

async function numbersOf(model: LayersModel, test: LabelledData): Promise<Numbers> {
  const { testError, rows } = await evaluateOod(model, {
    in: test,
    adversarialNoise: { epsilon: EPSILON, attack: maxConfidenceAttack, steps: 50, samples: 200 },
    adversarialSamples: false,
    seed: 'test',
  });
  const [data, noise, attacked] = rows.map(({ meanMaxConfidence }) => meanMaxConfidence!);
  return { error: testError, data: data!, noise: noise!, attacked: attacked! };
}

async function published(name: string, set: 'mnist' | 'fashion-mnist'): Promise<Subject> {
  const { RELU_WILD = '../shared/wild-models', RELU_DATA = '../shared/data' } = process.env;
  const { model } = await loadModel(`${RELU_WILD}/${name}`);
  const layers = model as LayersModel;
  const part = async (wanted: string): Promise<LabelledData> => {
    const images = await loadDataset(RELU_DATA, set, { part: wanted });
    const shape = [images.shape[0], ...layers.inputs[0]!.shape.slice(1)] as number[];
    return { x: tf.tensor(unitPixels(images), shape), y: tf.tensor1d(images.labels!, 'int32') };
  };
  return { model: layers, train: await part('train'), test: await part('test'), options: {} };
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
