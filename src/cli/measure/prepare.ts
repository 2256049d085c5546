import { dispose, type Tensor, tile } from '@tensorflow/tfjs-core';
import { version } from 'relu-overconfidence/package.json';
import { confidences } from '../../classifier/confidences';
import { imageOf } from '../../classifier/inputFacts';
import type { Classifier } from '../../classifier/types';
import { boundsInWords } from '../../core/bounds';
import { availableParallelism } from '../../core/nodeModules';
import type { Progress } from '../../core/progress';
import { usedSettings } from '../../evaluation/evaluateOod';
import type { Measurement } from '../../evaluation/measureBlocks';
import { type ResolvedOptions, resolveOptions, type StoredOptions } from '../../evaluation/oodOptions';
import { ADVERSARIAL_NOISE, ADVERSARIAL_SAMPLES, columnName, IN_DISTRIBUTION } from '../../evaluation/oodReport';
import { oodSources } from '../../evaluation/oodSources';
import { type Runner, thisProcess } from '../../evaluation/runner';
import { sourceMeasurement } from '../../evaluation/sourceMeasurement';
import { startPool } from '../../parallel/createTrainingPool';
import { poolRunner } from '../../parallel/poolRunner';
import type { Values } from '../args/options';
import { needed, onlyModel, seedOf, text, texts, whole } from '../args/read';
import { CliError } from '../cliError';
import type { Arguments } from '../command';
import { withDataBounds } from '../data/dataBounds';
import { blankImage, nameOf, readLabelled, readOthers, wantedPart } from '../data/readImages';
import { type LoadedModel, loadModel, modelSettings } from '../load/loadModel';
import { type BackendName, startBackend } from '../load/startBackend';
import { duration } from '../print/text';
import { type ExactNet, guaranteeOf, readExact } from './guarantee';
import { auditRows, columnSettings, countNotes, evaluationRows, protocolOf, usualCounts } from './noiseSettings';
import { otherBoundsMeasurement } from './otherBounds';
import { rayMeasurement, rayPlan } from './rays';
import type { RunFacts } from './runRecord';

/** A run that may begin. */
export interface Prepared {
  readonly run: RunFacts;
  readonly measurements: readonly Measurement[];
  /** About how long it will all take, in words with the number of workers. */
  readonly estimate: string;
  /** The same in seconds. */
  readonly seconds: number;
  /** Ends the workers, if there are any, and lets go of the model and the images. */
  readonly dispose: () => Promise<void>;
}

/** Loads model and data and lays out what is to be measured; whatever cannot work is refused here. */
export async function prepare(
  { files, values }: Arguments,
  command: RunFacts['command'],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Prepared> {
  const written = onlyModel(files);
  const part = wantedPart(values, 'test', { onProgress, signal });
  const folder = command === 'evaluate' ? needed(values, 'data', 'FOLDER') : text(values, 'data');
  const backend = await startBackend(values);
  const model = await withDataBounds(await loadModel(written, modelSettings(values)), folder, part);
  const net = model.classifier;
  const { x, labels, facts, notes } = folder === undefined ? blankImage(net) : await readLabelled(folder, part, model);
  const near = texts(values, 'near');
  const others = await readOthers([...near, ...texts(values, 'ood')], part, model);
  const rows =
    command === 'audit' ? auditRows(net, values, labels !== undefined) : evaluationRows(net, values, x.shape[0]!);
  const out = Object.fromEntries([...others].map(([name, images]) => [name, images.x]));
  let known: ExactNet | undefined;
  const exact = () => {
    known ??= readExact(model);
    return known;
  };
  const data = [[IN_DISTRIBUTION, facts] as const, ...[...others].map(([name, other]) => [name, other.facts] as const)];
  const second = await secondModel(values);
  const attacks: StoredOptions = {
    in: { x, y: x },
    out,
    ...rows,
    ...columnSettings(net, values, labels?.length ?? 0),
    ...(second && { transferFrom: second.classifier }),
    ...(near.length > 0 && { near: near.map(nameOf) }),
  };
  const { attackedOut } = resolveOptions(attacks, net);
  const proof = attackedOut === undefined ? undefined : guaranteeOf(exact, net, values, attackedOut);
  const resolved = resolveOptions(proof && 'guarantee' in proof ? { ...attacks, ...proof } : attacks, net);
  const perPass = await secondsPerPass(net);
  const rays = command === 'audit' ? raysOf(model, exact, values, signal, perPass) : { measurements: [], notes: [] };
  const alone = oodSources(thisProcess, net, x, labels, resolved).map((source) =>
    sourceMeasurement(thisProcess, net, source),
  );
  const work = (measurements: readonly Measurement[]) =>
    measurements.reduce((sum, { samples, cost }) => sum + samples * cost * perPass, 0);
  const { runner, end, workers } = await startRunner(model, values, backend, signal, work(alone));
  const sources = oodSources(runner, net, x, labels, resolved)
    .filter(({ kind }) => kind !== 'in' || labels !== undefined)
    .map((source) => sourceMeasurement(runner, net, source, (images, start) => firstImages(net, images, start)));
  const assumed = command === 'audit' && net.boundsFrom === 'assumed';
  const besides = assumed ? [otherBoundsMeasurement(runner, net, resolved)] : [];
  const seconds =
    (work(alone) + work(besides)) / Math.max(1, Math.min(workers, availableParallelism())) + work(rays.measurements);
  const { path, kind, sha256 } = model.file;
  const { inputShape, classes, bounds, boundsFrom = 'given', image = true, head = 'softmax' } = net;
  return {
    run: {
      command,
      version,
      model: {
        file: path,
        sha256,
        kind,
        inputShape,
        classes,
        labels: net.labels ?? null,
        head,
        bounds,
        boundsFrom,
        image,
        outputs: model.outputs,
        output: text(values, 'output') ?? null,
      },
      data: Object.fromEntries(data.flatMap(([name, known]) => (known === undefined ? [] : [[name, known]]))),
      backend,
      settings: usedSettings(resolved),
      notes: [
        ...model.notes,
        ...inputNotes(net, values),
        ...notes,
        ...[...others.values()].flatMap((other) => other.notes),
        ...rays.notes,
        ...countNotes(command, net, values),
      ],
    },
    measurements: [
      ...sources,
      ...skippedRows(command, resolved),
      ...(proof && 'why' in proof ? missingGuarantees(sources, proof.why) : []),
      ...besides,
      ...rays.measurements,
    ],
    estimate: `${duration(seconds)}${workers > 0 ? ` on ${workers} workers` : ''}`,
    seconds,
    dispose: async () => {
      await end();
      dispose([x, ...[...others.values()].map((images) => images.x)]);
      model.dispose();
      second?.dispose();
    },
  };
}

/** How inputs were taken, where the user has not told. */
function inputNotes({ inputShape, image, bounds, boundsFrom }: Classifier, values: Values): string[] {
  const box =
    boundsFrom === 'model'
      ? [
          `The bounds ${boundsInWords(bounds)} are those of the model itself, by its first rescaling or because it takes bytes.`,
        ]
      : [];
  if (inputShape.length !== 2 || text(values, 'image') !== undefined) return box;
  return [
    ...box,
    image
      ? `Inputs ${inputShape.join('x')} are taken for images of one channel; with --image no each value counts for itself.`
      : 'The first layer reads its inputs as a sequence, so each value counts for itself; with --image yes they are images.',
  ];
}

/** The model whose adversarial images are tried on the first. */
async function secondModel(values: Values): Promise<LoadedModel | undefined> {
  const written = text(values, 'transfer');
  if (written === undefined) return undefined;
  if (protocolOf(values) !== 'worst-case')
    throw new CliError('--transfer is a part of --protocol worst-case.', 'Add that, or leave --transfer out.');
  return loadModel(written, modelSettings(values));
}

/** Images kept for the report, and the most values that these may have together. */
const PICTURES = 8;
const MOST_VALUES = 160_000;

/** Values of the first images of a row, rounded to what an eye can see; none of inputs that are not images. */
async function firstImages(net: Classifier, images: Tensor, start: number): Promise<{ readonly pixels?: number[] }> {
  const { height = 0, width = 0, channels = 0 } = imageOf(net) ?? {};
  if (start > 0 || (channels !== 1 && channels !== 3)) return {};
  const size = height * width * channels;
  const count = Math.min(PICTURES, images.shape[0]!, Math.floor(MOST_VALUES / size));
  const values = (await images.data()).subarray(0, count * size);
  return { pixels: Array.from(values, (value) => Number(value.toPrecision(4))) };
}

/** Seconds of work from which on workers are worth their start, and the most that start by themselves: each takes memory. */
const [LONG, MOST_WORKERS] = [20, 8];

/** This thread, or as many workers as `--workers` says, and how they are ended. */
async function startRunner(
  model: LoadedModel,
  values: Values,
  backend: BackendName,
  signal: AbortSignal,
  /** Seconds that the work would take in this thread. */
  work: number,
): Promise<{ readonly runner: Runner; readonly end: () => Promise<void>; readonly workers: number }> {
  const able = model.layers !== undefined && (backend === 'wasm' || backend === 'cpu');
  const helpful = able && work > LONG ? Math.min(availableParallelism(), MOST_WORKERS) : 0;
  const auto = text(values, 'workers') === undefined || text(values, 'workers') === 'auto';
  const workers = auto ? (helpful > 1 ? helpful : 0) : whole(values, 'workers', 0, 0);
  if (workers === 0) return { runner: thisProcess, end: async () => {}, workers };
  if (model.layers === undefined)
    throw new CliError('Workers take a LayersModel, and this is a GraphModel.', 'Leave --workers out, or use --shard.');
  if (backend !== 'wasm' && backend !== 'cpu')
    throw new CliError(`Workers run on wasm or cpu, not on ${backend}.`, 'Leave --workers out.');
  const pool = await startPool(model.classifier, { workers, backend });
  return { runner: poolRunner(pool, { fn: 'evaluateOod', signal }), end: pool.workers.dispose, workers };
}

/** Images by which a pass is timed: what a call takes besides is left out. */
const TIMED = 8;

/** Seconds that one more image takes in a forward pass. */
export async function secondsPerPass(net: Classifier): Promise<number> {
  const blank = blankImage(net).x;
  const images = tile(blank, [TIMED, ...net.inputShape.map(() => 1)]);
  dispose(blank);
  const secondsFor = async (batchSize: number) => {
    const began = performance.now();
    await confidences(net, images, { batchSize });
    return (performance.now() - began) / 1000;
  };
  try {
    await secondsFor(1);
    const [one, together] = [await secondsFor(1), await secondsFor(TIMED)];
    return Math.max(Math.min(one, together) / TIMED, 1e-7);
  } finally {
    dispose(images);
  }
}

/** The rays of a ReLU network, or a note why there are none. */
function raysOf(
  model: LoadedModel,
  exact: () => ExactNet,
  values: Values,
  signal: AbortSignal,
  perPass: number,
): { measurements: Measurement[]; notes: string[] } {
  const wanted = whole(values, 'rays', usualCounts(model.classifier, values).rays, 0);
  if (wanted === 0) {
    const notes = text(values, 'rays') === undefined ? ['No rays: a first look at a model of this size has none.'] : [];
    return { measurements: [], notes };
  }
  const read = exact();
  if ('why' in read) return { measurements: [], notes: [`No rays: ${read.why}.`] };
  const { net } = read;
  const plan = rayPlan(net, wanted, values.quick === true);
  const question = { ...plan, seed: seedOf(values), bounds: model.classifier.bounds };
  const few = wanted === undefined && plan.rays < 100;
  const notes = few ? [`${plan.rays} rays instead of 100, as the network is large: --rays 100 has them all.`] : [];
  return {
    measurements: [rayMeasurement(net, question, signal, perPass)],
    notes,
  };
}

/** What is not measured, named to be seen to be missing. */
function skipped(name: string, kind: Measurement['kind'], why: string): Measurement {
  return { name, kind, samples: 0, blockSize: 1, cost: 0, required: false, skipped: why, run: async () => ({}) };
}

/** Rows of attacks that the user does not want. */
function skippedRows(
  command: RunFacts['command'],
  { adversarialNoise, adversarialSamples, protocol }: ResolvedOptions,
): Measurement[] {
  const none = '--attacked 0';
  const samples = protocol === 'worst-case' ? 'the worst case is about confidence, not about the class' : none;
  return [
    ...(adversarialNoise === undefined ? [skipped(ADVERSARIAL_NOISE, 'adversarialNoise', none)] : []),
    ...(adversarialSamples === undefined && command === 'evaluate'
      ? [skipped(ADVERSARIAL_SAMPLES, 'adversarialSamples', samples)]
      : []),
  ];
}

/** The guaranteed columns where there are none, of every row that would have one. */
function missingGuarantees(rows: readonly Measurement[], why: string): Measurement[] {
  return rows
    .filter(({ kind }) => kind === 'out' || kind === 'noise')
    .map(({ name }) => skipped(columnName(name, 'guaranteed'), 'guaranteed', why));
}
