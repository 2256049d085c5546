import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tensor1d, train as tfTrain } from '@tensorflow/tfjs-core';
import { defaultEpsilon } from '../../attacks/attackDefaults';
import type { Classifier } from '../../classifier/types';
import { isPair } from '../../core/bounds';
import { maxLogOdds } from '../../losses/maxLogOdds';
import { saveModel } from '../../models/saveModel';
import { fit } from '../../training/fit';
import type { EpochRecord, FitOptions } from '../../training/fitTypes';
import type { Values } from '../args/options';
import { needed, number, oneOf, onlyModel, seedOf, whole } from '../args/read';
import { CliError, Interrupted } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { withDataBounds } from '../data/dataBounds';
import { readLabelled, wantedPart } from '../data/readImages';
import { catchInterrupts, keepIn } from '../interrupts';
import type { Io } from '../io';
import { loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';

/** Steps between checkpoints. */
const CHECKPOINT_EVERY = 5;

/** Fine-tunes a saved model and saves the result. */
export async function train({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const folder = needed(values, 'data', 'FOLDER');
  const out = needed(values, 'out', 'tuned');
  await refuseToOverwrite(out);
  await startBackend(values);
  const signal = catchInterrupts();
  const line = progressLine(stderr, values.progress === true);
  const part = wantedPart(values, 'train', { onProgress: line.show, signal });
  const model = await withDataBounds(await loadModel(written, modelSettings(values)), folder, part);
  const { layers, classifier: net } = model.withLayers();
  if (model.layers === undefined)
    stdout.write(
      `${written} is a GraphModel: what is trained and saved is a LayersModel that computes the same, without the dropout that the original may have had.\n`,
    );
  const options = fitOptions(values, net);
  const { x, labels, notes } = await readLabelled(folder, part, model);
  line.clear();
  for (const note of [...model.notes, ...notes]) stdout.write(`${note}\n`);
  await mkdir(out, { recursive: true });
  const checkpoint = join(out, 'training.checkpoint');
  keepIn(checkpoint);
  const onEpoch = (record: EpochRecord) => {
    line.clear();
    stdout.write(`${epochLine(record, options.epochs)}\n`);
  };
  const watching = { checkpoint, checkpointEvery: CHECKPOINT_EVERY, signal, onStep: line.show, onEpoch };
  try {
    await fit(net, { x, y: tensor1d(labels, 'int32') }, { ...options, ...watching });
  } catch (error) {
    line.clear();
    if (!signal.aborted) throw error;
    throw new Interrupted(`The training is kept in ${checkpoint}.`, 'The same command goes on from there.');
  }
  const file = await saveModel(layers, out, model.metadata && { metadata: model.metadata });
  await rm(checkpoint, { force: true });
  stdout.write(`Saved ${file}. Next: relu-overconfidence audit ${file}\n`);
  return EXIT.fine;
}

async function refuseToOverwrite(out: string): Promise<void> {
  const there = await stat(join(out, 'model.json')).catch(() => undefined);
  if (there !== undefined) throw new CliError(`${out} has a model.json already.`, 'Name another folder with --out.');
}

function fitOptions(values: Values, { bounds }: Classifier): FitOptions & { readonly epochs: number } {
  const method = oneOf(values, 'method', ['acet', 'ceda', 'plain'] as const, 'acet');
  const epsilon = number(values, 'epsilon', defaultEpsilon(bounds), 1e-9, isPair(bounds) ? bounds[1] - bounds[0] : 1);
  const steps = whole(values, 'steps', 40);
  return {
    method,
    epochs: whole(values, 'epochs', 10),
    batchSize: whole(values, 'batch-size', 128),
    optimizer: tfTrain.adam(number(values, 'learning-rate', 1e-3, 1e-12)),
    lambda: number(values, 'lambda', 1, 0),
    // Low where the paper's log-confidence is low, but with a gradient where a finished model is sure beyond rounding.
    outLoss: maxLogOdds,
    seed: seedOf(values),
    ...(method === 'acet' && { epsilon, steps }),
  };
}

function epochLine({ epoch, inLoss, outConfidence }: EpochRecord, epochs: number): string {
  const noise = outConfidence === null ? '' : `, mean confidence on noise ${outConfidence.toFixed(3)}`;
  return `epoch ${epoch + 1} of ${epochs}: cross entropy ${inLoss.toFixed(4)}${noise}`;
}
