import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Method } from 'relu-overconfidence';
import { type Preset, recipe, type TrainingSet } from './recipes';
import { table1 } from './table1';
import { train } from './train';

const USAGE = `Usage: npx tsx examples/paper/main.ts <task> [options]

  table1 --checkpoints   Table 1 on CIFAR-10 with the authors' weights
  train                  trains a network; a run that was stopped goes on where it was
    --method M           plain, ceda or acet
    --dataset D          mnist (LeNet); svhn, cifar10 or cifar100 (small ResNet)
    --preset P           paper (default) or short, a scaled-down training that is not the paper's
    --epochs N, --steps-per-epoch N, --batch-size N   instead of the preset's

  --data DIR       folder of the data sets (default: RELU_DATA)
  --models DIR     folder of cifar10-plain, cifar10-ceda, cifar10-acet, each with a checkpoint (default: RELU_MODELS)
  --output DIR     where results go and are found again (default: examples/paper/output)
  --attacked N     images attacked per row (default: 200; the paper attacks all)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    checkpoints: { type: 'boolean', default: false },
    method: { type: 'string' },
    dataset: { type: 'string', default: 'mnist' },
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
const attacked = Number(values.attacked);
const { data, models, output } = values;

/** One of the words allowed, or the end of the program. */
function oneOf<T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === value);
  return found ?? stop(`--${option} must be one of ${allowed.join(', ')}.`);
}

function stop(message: string): never {
  console.error(`${message}\n\n${USAGE}`);
  process.exit(2);
}

async function trainTask(): Promise<void> {
  const method = oneOf<Method>('method', values.method, ['plain', 'ceda', 'acet']);
  const dataset = oneOf<TrainingSet>('dataset', values.dataset, ['mnist', 'svhn', 'cifar10', 'cifar100']);
  const preset = oneOf<Preset>('preset', values.preset, ['paper', 'short']);
  const changes = {
    ...(values.epochs !== undefined && { epochs: Number(values.epochs) }),
    ...(values['steps-per-epoch'] !== undefined && { stepsPerEpoch: Number(values['steps-per-epoch']) }),
    ...(values['batch-size'] !== undefined && { batchSize: Number(values['batch-size']) }),
  };
  const settings = recipe(dataset, method, preset, changes);
  if (preset !== 'paper' || Object.keys(changes).length > 0)
    console.error(`*** SCALED DOWN: these are not the paper's settings.\n*** ${JSON.stringify(settings)}`);
  await train({
    method,
    dataset,
    recipe: settings,
    data,
    folder: join(output, 'models', `${dataset}-${method}-${preset}`),
  });
}

async function table1Task(): Promise<void> {
  if (!values.checkpoints) stop('table1 needs --checkpoints: it measures the networks that the authors published.');
  if (models === '') stop('--models must name the folder of the checkpoints.');
  if (!(attacked > 0)) stop('--attacked must be a number of images.');
  await table1({ data, models, output, attacked });
}

const task = positionals.join();
if (data === '') stop('--data must name the folder of the data sets.');
if (task === 'train') await trainTask();
else if (task === 'table1') await table1Task();
else stop(`The task must be table1 or train, but is "${task}".`);
