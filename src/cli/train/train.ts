import { mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Tensor, tensor1d, train as tfTrain } from '@tensorflow/tfjs-core';
import { defaultEpsilon } from '../../attacks/attackDefaults';
import type { LabelledData } from '../../classifier/types';
import { isPair } from '../../core/bounds';
import { textTable } from '../../core/textTable';
import { saveModel } from '../../models/saveModel';
import { fineTune } from '../../training/fineTune/fineTune';
import type {
  FineTuneMeasurement,
  FineTuneOptions,
  FineTuneRecord,
  FineTuneResult,
} from '../../training/fineTune/types';
import { fit } from '../../training/fit';
import type { EpochRecord } from '../../training/fitTypes';
import type { Values } from '../args/options';
import { bytes, needed, number, oneOf, onlyModel, seedOf, text, whole } from '../args/read';
import { CliError, Interrupted } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { withDataBounds } from '../data/dataBounds';
import type { WantedPart } from '../data/readFolder';
import { readLabelled, wantedPart } from '../data/readImages';
import { catchInterrupts, keepIn } from '../interrupts';
import type { Io, Output } from '../io';
import { loadModel, modelSettings, type WithLayers } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { percent } from '../print/text';

/** Updates between checkpoints. */
const CHECKPOINT_EVERY = 5;
const METHODS = ['acet', 'ceda', 'plain'] as const;

/** Fine-tunes a saved model and saves the result, if it is better. */
export async function train({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const folder = needed(values, 'data', 'FOLDER');
  const out = needed(values, 'out', 'tuned');
  const method = oneOf(values, 'method', METHODS, 'acet');
  if (method === 'plain') refuseFineTuning(values);
  const layers = layersOf(values);
  await refuseToOverwrite(out);
  await startBackend(values);
  const signal = catchInterrupts();
  const line = progressLine(stderr, values.progress === true);
  const part = wantedPart(values, 'train', { onProgress: line.show, signal });
  const model = await withDataBounds(await loadModel(written, modelSettings(values)), folder, part);
  const trained = model.withLayers();
  if (model.layers === undefined)
    stdout.write(
      `${written} is a GraphModel: what is trained and saved is a LayersModel that computes the same, without the dropout that the original may have had.\n`,
    );
  const { x, labels, notes } = await readLabelled(folder, part, model);
  const held = await validationOf(values, folder, part, model);
  line.clear();
  for (const note of [...model.notes, ...notes, ...held.notes]) stdout.write(`${note}\n`);
  await mkdir(out, { recursive: true });
  const checkpoint = join(out, 'training.checkpoint');
  keepIn(checkpoint);
  const watching = { checkpoint, checkpointEvery: CHECKPOINT_EVERY, signal, onStep: line.show };
  const say = (sentence: string) => {
    line.clear();
    stdout.write(`${sentence}\n`);
  };
  let result: FineTuneResult | undefined;
  try {
    const data = { x, y: tensor1d(labels, 'int32') };
    if (method === 'plain') await trainPlainly(values, trained, data, watching, say);
    else {
      const options = fineTuneOptions(values, trained, x, { method, layers, validation: held.validation });
      const onCheck = (record: FineTuneRecord) => say(checkLine(record, options.updates));
      result = await fineTune(trained.classifier, data, { ...options, ...watching, onCheck });
    }
  } catch (error) {
    line.clear();
    if (!signal.aborted) throw error;
    throw new Interrupted(`The training is kept in ${checkpoint}.`, 'The same command goes on from there.');
  }
  line.clear();
  if (result !== undefined) tell(stdout, result);
  await rm(checkpoint, { force: true });
  if (result !== undefined && !result.improved && values.force !== true) {
    await rmdir(out).catch(() => undefined);
    stdout.write(`Nothing was saved. With --force it is all the same.\n`);
    return EXIT.broken;
  }
  const file = await saveModel(trained.layers, out, model.metadata && { metadata: model.metadata });
  stdout.write(`Saved ${file}. Next: relu-overconfidence audit ${file}\n`);
  return EXIT.fine;
}

function tell(stdout: Output, result: FineTuneResult): void {
  const { training, validation } = result.examples;
  stdout.write(`\nTrained on ${training} images in ${result.updates} updates, measured on ${validation} others.\n\n`);
  if (result.outcome !== 'chance') stdout.write(`${beforeAndAfter(result)}\n\n`);
  for (const sentence of [result.reason, ...adviceAfter(result)]) stdout.write(`${sentence}\n`);
}

async function refuseToOverwrite(out: string): Promise<void> {
  const there = await stat(join(out, 'model.json')).catch(() => undefined);
  if (there !== undefined) throw new CliError(`${out} has a model.json already.`, 'Name another folder with --out.');
}

/** What is never trained on: a share of the data, another part of them, or another folder. */
async function validationOf(
  values: Values,
  folder: string,
  part: WantedPart,
  model: Parameters<typeof readLabelled>[2],
): Promise<{ readonly validation: LabelledData | number | undefined; readonly notes: readonly string[] }> {
  const written = text(values, 'validation');
  if (written === undefined) return { validation: undefined, notes: [] };
  const share = Number(written);
  if (share > 0 && share < 1) return { validation: share, notes: [] };
  const isFolder = await stat(written).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const [place, wanted] = isFolder ? [written, undefined] : [folder, written];
  const { x, labels, notes } = await readLabelled(place, { ...part, part: wanted, usual: 'test' }, model);
  return { validation: { x, y: tensor1d(labels, 'int32') }, notes };
}

function layersOf(values: Values): NonNullable<FineTuneOptions['layers']> {
  const written = text(values, 'layers') ?? 'all';
  if (written === 'all' || written === 'head') return written;
  const [, count] = /^(?:last )?([1-9]\d*)$/.exec(written) ?? [];
  if (count === undefined)
    throw new CliError(
      `--layers takes all, head or a number of last layers, not ${JSON.stringify(written)}.`,
      "Write for example --layers head, or --layers 'last 2'.",
    );
  return Number(count);
}

/** Where one is called for: passes over the data as updates. */
function updatesOf(values: Values, images: number, batchSize: number): number {
  const epochs = whole(values, 'epochs', undefined);
  if (epochs === undefined) return whole(values, 'updates', 1000);
  if (text(values, 'updates') !== undefined)
    throw new CliError('--epochs and --updates are two ways to say the same.', 'Leave one of them out.');
  return epochs * Math.max(1, Math.floor(images / batchSize));
}

function fineTuneOptions(
  values: Values,
  { classifier: { bounds } }: WithLayers,
  x: Tensor,
  asked: Pick<FineTuneOptions, 'layers'> & {
    readonly method: 'acet' | 'ceda';
    readonly validation: LabelledData | number | undefined;
  },
): FineTuneOptions & { readonly updates: number } {
  const { method, layers, validation } = asked;
  const batchSize = whole(values, 'batch-size', 256);
  const memory = bytes(values, 'memory');
  const widest = isPair(bounds) ? bounds[1] - bounds[0] : 1;
  return {
    method,
    ...(layers !== undefined && { layers }),
    ...(validation !== undefined && { validation }),
    ...(memory !== undefined && { memory }),
    updates: updatesOf(values, x.shape[0]!, batchSize),
    batchSize,
    learningRate: number(values, 'learning-rate', 1e-3, 1e-12),
    lambda: number(values, 'lambda', 0.3, 0),
    matching: number(values, 'matching', 0.5, 0, 1),
    tolerance: number(values, 'tolerance', 0.5, 0),
    force: values.force === true,
    seed: seedOf(values),
    epsilon: number(values, 'epsilon', defaultEpsilon(bounds), 1e-9, widest),
    steps: whole(values, 'steps', 5),
  };
}

/** What only fine-tuning reads. */
const OF_FINE_TUNING = ['lambda', 'matching', 'epsilon', 'steps', 'tolerance', 'updates', 'layers'];

/** Refuses options that plain training would leave unread. */
function refuseFineTuning(values: Values): void {
  const unread = OF_FINE_TUNING.find((name) => values[name] !== undefined);
  if (unread !== undefined)
    throw new CliError(`--method plain does not read --${unread}.`, 'Leave it out, or train by --method acet or ceda.');
}

/** Cross entropy alone, as `fit` has it. */
async function trainPlainly(
  values: Values,
  { classifier }: WithLayers,
  data: LabelledData,
  watching: Pick<FineTuneOptions, 'checkpoint' | 'checkpointEvery' | 'signal' | 'onStep'>,
  say: (sentence: string) => void,
): Promise<void> {
  const epochs = whole(values, 'epochs', 10);
  const onEpoch = ({ epoch, inLoss }: EpochRecord) =>
    say(`epoch ${epoch + 1} of ${epochs}: cross entropy ${inLoss.toFixed(4)}`);
  await fit(classifier, data, {
    method: 'plain',
    epochs,
    batchSize: whole(values, 'batch-size', 128),
    optimizer: tfTrain.adam(number(values, 'learning-rate', 1e-3, 1e-12)),
    seed: seedOf(values),
    ...watching,
    onEpoch,
  });
}

/** One measurement on the way. */
export function checkLine({ update, error, ...record }: FineTuneRecord, updates: number): string {
  const [data, noise, attacked] = [record.confidence, record.noise, record.attackedNoise].map((c) => c.toFixed(3));
  return `update ${update} of ${updates} at most: error ${percent(error)}, mean confidence on data ${data}, on noise ${noise}, on attacked noise ${attacked}`;
}

/** What has changed, as a table. */
export function beforeAndAfter({ before, after }: FineTuneResult): string {
  const row = (name: string, of: (measurement: FineTuneMeasurement) => string) => [name, of(before), of(after)];
  return textTable(
    ['', 'before', 'after'],
    [
      row('error', ({ error }) => percent(error)),
      row('mean confidence on data', ({ confidence }) => confidence.toFixed(3)),
      row('on noise', ({ noise }) => noise.toFixed(3)),
      row('on attacked noise', ({ attackedNoise }) => attackedNoise.toFixed(3)),
    ],
  );
}

/** Confidence on noise that is still too much, and what it may fall by on data. */
const [HIGH, FALL] = [0.3, 0.2];

/** What to do next, by what was seen. */
export function adviceAfter({ outcome, before, after, best, updates, checks }: FineTuneResult): string[] {
  if (outcome !== 'improved') return [];
  const falling = best === checks.at(-1)?.update;
  return [
    ...(after.noise > HIGH ? ['Noise itself still convinces it: try a larger --lambda, such as 2.'] : []),
    ...(after.noise <= HIGH && after.attackedNoise > HIGH
      ? [
          falling
            ? `Attacked noise still convinces it, and confidence was falling to the end: try --updates ${2 * updates}, or --layers all.`
            : 'Attacked noise still convinces it: try a smaller --learning-rate with more --updates, or --layers all.',
        ]
      : []),
    ...(before.confidence - after.confidence > FALL
      ? ['It has become less sure of your data too: a smaller --epsilon or --lambda takes less of that.']
      : []),
  ];
}
