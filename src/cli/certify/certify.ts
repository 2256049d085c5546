import { writeFile } from 'node:fs/promises';
import { dispose, slice, type Tensor } from '@tensorflow/tfjs-core';
import { onePair } from '../../core/bounds';
import { inTasks } from '../../core/pausing';
import { progressClock } from '../../core/progress';
import { textTable } from '../../core/textTable';
import { linfBox } from '../../guarantees/bounds/interval';
import { tighteningWork } from '../../guarantees/bounds/linearBounds';
import { type Enclosed, encloseEach } from '../../guarantees/sandwich/confidenceSandwich';
import { meanMaxConfidence } from '../../metrics/meanMaxConfidence';
import { uniformNoise } from '../../noise/uniformNoise';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { PiecewiseAffine } from '../../regions/types';
import type { Values } from '../args/options';
import { number, oneOf, onlyModel, seedOf, text, whole } from '../args/read';
import { CliError, Interrupted } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { type NamedModel, readLabelled, wantedPart } from '../data/readImages';
import { catchInterrupts } from '../interrupts';
import type { Io } from '../io';
import { loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { duration } from '../print/text';
import { checkThreshold, deliveryOf } from '../result/deliver';

const NOISE = 'uniform noise';

/** A row: the mean over its images of what an attack reached, and of what no attack can exceed. */
interface Certified {
  readonly name: string;
  readonly samples: number;
  readonly meanAttacked: number;
  readonly meanBound: number;
  readonly largestBound: number;
}

/** Bounds the confidence of a network near noise and near data. */
export async function certify({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const delivery = await deliveryOf(values);
  const { maxMmc, json } = delivery;
  const method = oneOf(values, 'method', ['crown', 'interval'] as const, 'crown');
  const seconds = number(values, 'seconds', 10, 0);
  const signal = catchInterrupts();
  const backend = await startBackend(values);
  const model = await loadModel(written, modelSettings(values));
  const { file } = model;
  const { classifier } = model.withLayers();
  checkThreshold(delivery, classifier);
  const bounds = onePair({ fn: 'certify', argument: 'bounds' }, classifier.bounds);
  const [low, high] = bounds;
  const epsilon = number(values, 'epsilon', (high - low) / 100, 1e-9, high - low);
  const { sets, notes: ofData } = await imagesOf(model, values);
  const notes = [...model.notes, ...ofData];
  const total = sets.reduce((sum, [, x]) => sum + x.shape[0]!, 0);
  const net = toPiecewiseAffine(classifier);
  if (method === 'crown') await refuseHopeless(net, { x: sets[0]![1], epsilon, bounds, images: total }, signal);
  const line = progressLine(stderr, values.progress === true);
  const clock = progressClock(total);
  const rows: Certified[] = [];
  let before = 0;
  for (const [name, x] of sets) {
    const known: Enclosed[] = [];
    const onProgress = ({ done }: { done: number }) => line.show(clock(before + done, name));
    const options = { method, seconds, seed: seedOf(values), onProgress, signal };
    try {
      await encloseEach({ classifier, net }, x, epsilon, options, (_, found) => known.push(found));
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    before += x.shape[0]!;
    const reason = known.find(({ unsearched }) => unsearched !== undefined)?.unsearched;
    if (reason !== undefined && method === 'crown' && seconds > 0)
      notes.push(
        `${name}: the maxima were not searched for, for the network has ${reason}. The bounds are those of CROWN.`,
      );
    dispose(x);
    if (known.length > 0) rows.push(rowOf(name, known));
  }
  line.clear();
  const { sha256, path } = file;
  const result = {
    format: 'relu-overconfidence certificate 1',
    model: { file: path, sha256 },
    epsilon,
    method,
    seconds,
    backend,
    rows,
    notes,
  };
  const serialised = `${JSON.stringify(result, undefined, 2)}\n`;
  const words = [...(rows.length > 0 ? [inWords(rows, epsilon)] : []), ...notes];
  stdout.write(json === '-' ? serialised : `${words.join('\n\n')}\n`);
  if (json !== undefined && json !== '-') await writeFile(json, serialised);
  if (signal.aborted) {
    const done = rows.reduce((sum, { samples }) => sum + samples, 0);
    throw new Interrupted(`Of ${total} images ${done} were done, which are above.`, 'Ask for fewer with --samples.');
  }
  const broken = maxMmc !== undefined && rows.some(({ name, meanBound }) => name === NOISE && !(meanBound <= maxMmc));
  return broken ? EXIT.broken : EXIT.fine;
}

function rowOf(name: string, known: readonly Enclosed[]): Certified {
  const bounds = known.map(({ certified }) => certified);
  return {
    name,
    samples: known.length,
    meanAttacked: meanMaxConfidence(known.map(({ attack }) => attack)),
    meanBound: meanMaxConfidence(bounds),
    largestBound: Math.max(...bounds),
  };
}

/** The longest that a certificate may take, in seconds, and the most bytes, before it is refused. */
const [LONGEST, LARGEST] = [10 * 3600, 4 * 2 ** 30];

interface CrownQuestion {
  readonly x: Tensor;
  readonly epsilon: number;
  readonly bounds: readonly [number, number];
  readonly images: number;
}

/** Refuses CROWN where it would never end, told by the intervals of the first image and by how long these took. */
async function refuseHopeless(net: PiecewiseAffine, question: CrownQuestion, signal: AbortSignal): Promise<void> {
  const { x, epsilon, bounds, images } = question;
  const first = slice(x, 0, 1);
  const row = Float64Array.from(await first.data());
  dispose(first);
  const box = linfBox({ fn: 'certify', argument: 'x' }, row, epsilon, bounds, 'float32');
  const began = performance.now();
  const { passes, bytes } = await inTasks('certify', tighteningWork(net, box), signal);
  // An interval takes about four evaluations: two products for itself, one for what it sums up, and its kinks.
  const seconds = ((performance.now() - began) / 4000) * passes * images;
  if (seconds <= LONGEST && bytes <= LARGEST) return;
  const gigabytes = (bytes / 2 ** 30).toFixed(1);
  throw new CliError(
    `CROWN would take ${duration(seconds)} at the most for ${images} images here, and ${gigabytes} GB: the network is too large for it, or epsilon ${epsilon} is.`,
    'Pass --method interval, which takes seconds and is looser, a smaller --epsilon, or fewer --samples.',
  );
}

async function imagesOf(
  model: NamedModel,
  values: Values,
): Promise<{ sets: [string, Tensor][]; notes: readonly string[] }> {
  const net = model.classifier;
  const samples = whole(values, 'samples', 20);
  const folder = text(values, 'data');
  const noise = uniformNoise([samples, ...net.inputShape], { seed: seedOf(values), bounds: net.bounds });
  if (folder === undefined) return { sets: [[NOISE, noise]], notes: [] };
  const { x, notes } = await readLabelled(folder, wantedPart(values, 'test'), model);
  const first = slice(x, 0, Math.min(samples, x.shape[0]!));
  dispose(x);
  return {
    sets: [
      ['in-distribution', first],
      [NOISE, noise],
    ],
    notes,
  };
}

function inWords(rows: readonly Certified[], epsilon: number): string {
  const noise = rows.find(({ name }) => name === NOISE);
  const cells = rows.map(({ name, samples, ...means }) => [
    name,
    ...[means.meanAttacked, means.meanBound, means.largestBound].map((value) => value.toFixed(3)),
    String(samples),
  ]);
  const head = ['', 'attacked', 'at most', 'largest bound', 'images'];
  const sentence = noise
    ? `No attack that changes each value of uniform noise by ${epsilon} or less can raise its mean confidence above ${noise.meanBound.toFixed(3)}.\n\n`
    : '';
  return `${sentence}${textTable(head, cells)}`;
}
