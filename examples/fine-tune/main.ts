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
  type LabelledData,
  maxConfidenceAttack,
} from 'relu-overconfidence';
import { type DatasetName, loadDataset, unitPixels } from 'relu-overconfidence/datasets';
import { loadModel, toLayersModel } from 'relu-overconfidence/models';
import { loadDigits } from '../digits/digits';
import { trainDigits } from '../digits/train';
import { useWasm } from '../support/useWasm';
import { RECIPES, runRecipe } from './recipes';

/**
 * `npx tsx examples/fine-tune/main.ts [--model NAME] [--recipe NAME] [--seeds 1,2,3] [--updates N]`: compares recipes of `fineTune` on models that
 * people have, and writes the table of docs/settings.md. Runs that are kept in `output/` are not made again.
 */
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    recipe: { type: 'string', multiple: true },
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
  /** The most updates. */
  readonly limit: number;
  readonly before: Numbers;
  readonly after: Numbers;
  readonly outcome: string;
  readonly updates: number;
  readonly seconds: number;
  /** Seconds of processor time. */
  readonly processor: number;
  readonly load: number;
  /** The highest mean confidence on attacked noise in the second half of the measurements on the way, if there were any. */
  readonly worst: number | null;
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
  const recipes = values.recipe ?? Object.keys(RECIPES);
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
  const before = (await keptRows()).find((row) => row.model === name)?.before ?? (await numbersOf(subject));
  for (const { recipe, seed } of runs) {
    model.setWeights(weights);
    const started = performance.now();
    const used = process.cpuUsage();
    const { outcome, updates, checks, checkpoints } = await runRecipe(recipe, model, train, {
      ...{ options, seed, updates: UPDATES, epsilon: EPSILON },
      checkpoint: fileURLToPath(fileOf(name, recipe, seed)).replace(/json$/, 'checkpoint'),
      onCheck: ({ update, error, confidence, noise, attackedNoise, allowed }) =>
        console.log(JSON.stringify({ update, error, confidence, noise, attackedNoise, allowed })),
    });
    const [seconds, processor] = [(performance.now() - started) / 1000, secondsOf(process.cpuUsage(used))];
    const late = checks.slice(Math.floor(checks.length / 2));
    const row: Row = {
      ...{ model: name, recipe, seed, limit: UPDATES, before },
      after: await numbersOf(subject),
      ...{ outcome, updates, seconds, processor },
      load: loadavg()[0]!,
      worst: late.length === 0 ? null : Math.max(...late.map(({ attackedNoise }) => attackedNoise)),
      checks,
    };
    await writeFile(fileOf(name, recipe, seed), `${JSON.stringify(row, null, 2)}\n`);
    await Promise.all(checkpoints.map((file) => rm(file, { force: true })));
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

function cells({ model, recipe, seed, after, worst, outcome, updates, seconds, processor, load }: Row): string[] {
  const rest = [worst?.toFixed(3) ?? '', outcome, String(updates), seconds.toFixed(0), processor.toFixed(0)];
  return [model, recipe, String(seed), ...numbers(after), ...rest, load.toFixed(1)];
}

function numbers({ error, data, noise, attacked, others }: Numbers): string[] {
  const aurocs = Object.values(others).map((auroc) => auroc.toFixed(3));
  return [
    `${(100 * error).toFixed(2)} %`,
    ...[data, noise, attacked].map((mean) => mean.toFixed(3)),
    aurocs.join(', '),
  ];
}

async function keptRows(): Promise<readonly Row[]> {
  const names = (await readdir(OUTPUT)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(new URL(name, OUTPUT), 'utf8'))));
}

/** All runs there are, by defaults and with fewer updates, put between the marks of the document. */
async function writeTable(): Promise<void> {
  const rows = await keptRows();
  const limits = [...new Set(rows.map(({ limit }) => limit))].sort((a, b) => b - a);
  const tables = limits.map((limit) => {
    const own = rows.filter((row) => row.limit === limit);
    return `At most ${limit} updates:\n\n${table(own)}\n\n${histories(own)}`;
  });
  const document = await readFile(DOCUMENT, 'utf8');
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/settings.md has no place for the table: ${BEGIN} and ${END}.`);
  const written = `${document.slice(0, from + BEGIN.length)}\n\n${tables.join('\n\n')}\n\n${document.slice(to)}`;
  await writeFile(DOCUMENT, written);
  console.log(`\nWrote ${rows.length} runs into docs/settings.md.`);
}

/** Confidence on attacked noise at each measurement on the way. */
function histories(rows: readonly Row[]): string {
  const shown = rows.filter(({ recipe }) => recipe === 'the defaults' || recipe === 'the paper’s loss');
  const lines = shown.map(({ model, recipe, seed, checks }) => {
    const means = checks.map(({ attackedNoise }) => attackedNoise.toFixed(2));
    return `- ${model}, ${recipe}, seed ${seed}: ${means.join(' ')}`;
  });
  return `Attacked noise at each measurement on the way (20 steps):\n\n${lines.join('\n')}`;
}

function table(rows: readonly Row[]): string {
  const order = Object.keys(RECIPES);
  const lines = Object.keys(SUBJECTS).flatMap((model) => {
    const own = rows.filter((row) => row.model === model);
    if (own.length === 0) return [];
    own.sort((a, b) => order.indexOf(a.recipe) - order.indexOf(b.recipe) || a.seed - b.seed);
    return [[model, 'before', '', ...numbers(own[0]!.before), '', '', '', '', '', ''], ...own.map(cells)];
  });
  const head = ['model', 'recipe', 'seed', 'test error', 'data', 'noise', 'attacked noise', 'AUROC of others'];
  const rest = ['worst', 'outcome', 'updates', 'seconds', 'of processor', 'load'];
  const rule = ['---', '---', '--:', '--:', '--:', '--:', '--:', '--:', '--:', '---', '--:', '--:', '--:', '--:'];
  return [[...head, ...rest], rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
