import { parseArgs } from 'node:util';
import type { Method } from 'relu-overconfidence';
import { crossNoise } from './crossNoise';
import { figures } from './figures';
import { type Networks, trainingFolder } from './networks';
import { type Preset, recipe, type TrainingSet } from './recipes';
import { stronger } from './stronger';
import { table1 } from './table1';
import { table2 } from './table2';
import { train } from './train';

const USAGE = `Usage: npx tsx examples/paper/main.ts <task> [options]

  table1                 Table 1: test error, MMC, AUROC and FPR@95, beside the published values
  table2                 Table 2: how far noise must be scaled up until a network is sure
  figures                Figures 2 to 4: adversarial noise, other data sets, adversarial samples (after table1)
  cross-noise            MMC, AUROC and FPR@95 on noises that the networks were not trained on
    --checkpoints        of the authors' networks, by --dataset: svhn, cifar10 (default) or cifar100
    --trained            of the networks that "train" made, by --dataset and --preset
    --method M           only one method (table2)
    --attacked N         images attacked per row (table1; default: 200; the paper attacks all)
    --samples N          samples of noise (table2; default: 10000, as in the paper)
  stronger               the authors' networks, by --dataset, on noise that is attacked harder than the paper does
    --attacked N         images attacked
  train                  trains a network; a run that was stopped goes on where it was
    --method M           plain, ceda or acet
    --dataset D          mnist (LeNet; default); svhn, cifar10 or cifar100 (small ResNet)
    --preset P           paper (default) or short, a scaled-down training that is not the paper's
    --epochs N, --steps-per-epoch N, --batch-size N   instead of the preset's

  --data DIR       folder of the data sets (default: RELU_DATA)
  --models DIR     folder of cifar10-plain, svhn-acet and so on, each with a checkpoint (default: RELU_MODELS)
  --output DIR     where results go and are found again (default: examples/paper/output)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    checkpoints: { type: 'boolean', default: false },
    trained: { type: 'boolean', default: false },
    samples: { type: 'string', default: '10000' },
    method: { type: 'string' },
    dataset: { type: 'string' },
    preset: { type: 'string', default: 'paper' },
    epochs: { type: 'string' },
    'steps-per-epoch': { type: 'string' },
    'batch-size': { type: 'string' },
    data: { type: 'string', default: process.env.RELU_DATA ?? '' },
    models: { type: 'string', default: process.env.RELU_MODELS ?? '' },
    output: { type: 'string', default: 'examples/paper/output' },
    attacked: { type: 'string', default: '200' },
  },
});
const { data, models, output } = values;
const METHODS: readonly Method[] = ['plain', 'ceda', 'acet'];

function stop(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}

/** One of the words allowed, or the end of the program. */
function oneOf<T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  return found ?? stop(`--${option} must be one of ${allowed.join(', ')}.`);
}

function wholeNumber(option: string, value: string): number {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : stop(`--${option} must be a whole number > 0.`);
}

const dataset = (initially: TrainingSet) =>
  oneOf<TrainingSet>('dataset', values.dataset ?? initially, ['mnist', 'svhn', 'cifar10', 'cifar100']);
const preset = () => oneOf<Preset>('preset', values.preset, ['paper', 'short']);
const folderOfData = () => (data === '' ? stop('--data must name the folder of the data sets.') : data);

function checkpoints(): Networks {
  if (models === '') stop("--models must name the folder of the authors' weights.");
  return { from: 'checkpoints', folder: models, dataset: dataset('cifar10') };
}

function networks(): Networks {
  if (values.checkpoints === values.trained) stop('Say --checkpoints or --trained.');
  if (values.trained) return { from: 'training', output, dataset: dataset('mnist'), preset: preset() };
  return checkpoints();
}

async function trainTask(): Promise<void> {
  const method = oneOf<Method>('method', values.method, METHODS);
  const changes = {
    ...(values.epochs !== undefined && { epochs: wholeNumber('epochs', values.epochs) }),
    ...(values['steps-per-epoch'] !== undefined && {
      stepsPerEpoch: wholeNumber('steps-per-epoch', values['steps-per-epoch']),
    }),
    ...(values['batch-size'] !== undefined && { batchSize: wholeNumber('batch-size', values['batch-size']) }),
  };
  const chosen = { output, dataset: dataset('mnist'), preset: preset() };
  const settings = recipe(chosen.dataset, method, chosen.preset, changes);
  if (chosen.preset !== 'paper' || Object.keys(changes).length > 0)
    console.error(`*** SCALED DOWN: these are not the paper's settings.\n*** ${JSON.stringify(settings)}`);
  await train({
    method,
    dataset: chosen.dataset,
    recipe: settings,
    data: folderOfData(),
    folder: trainingFolder(chosen, method),
  });
}

const TASKS: Readonly<Record<string, () => Promise<void>>> = {
  train: trainTask,
  table1: () =>
    table1({
      networks: networks(),
      data: folderOfData(),
      output,
      attacked: wholeNumber('attacked', values.attacked),
    }),
  stronger: () =>
    stronger({
      networks: checkpoints(),
      data: folderOfData(),
      output,
      attacked: wholeNumber('attacked', values.attacked),
    }),
  'cross-noise': () => crossNoise({ networks: networks(), data: folderOfData(), output }),
  figures: () => figures({ networks: networks(), data: folderOfData(), output }),
  table2: () =>
    table2({
      networks: networks(),
      methods: values.method === undefined ? METHODS : [oneOf('method', values.method, METHODS)],
      output,
      samples: wholeNumber('samples', values.samples),
    }),
};
const task = TASKS[positionals.join()] ?? stop(`The task must be one of ${Object.keys(TASKS).join(', ')}.`);
await task();
