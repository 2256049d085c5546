import { writeFile } from 'node:fs/promises';
import { dispose, tensor } from '@tensorflow/tfjs-core';
import { confidences } from '../../classifier/confidences';
import type { Classifier } from '../../classifier/types';
import { boundsAt } from '../../core/bounds';
import { OverconfidenceError } from '../../core/errors';
import { inTasks, nextTask, type Pausing } from '../../core/pausing';
import { follow } from '../../core/progress';
import { uniformNoise } from '../../noise/uniformNoise';
import { inputPlane, planeThrough, pointOnPlane } from '../../regions/planes';
import { walkRay } from '../../regions/rayPieces';
import { slicing } from '../../regions/sliceRegions';
import type { Box2d, Plane2d, RegionList, SliceOptions } from '../../regions/sliceTypes';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { PiecewiseAffine } from '../../regions/types';
import { confidenceMap } from '../../report/confidenceMap';
import type { LabelledPoints } from '../../report/mapTypes';
import { regionMap } from '../../report/regionMap';
import type { Values } from '../args/options';
import { oneOf, onlyModel, pair, seedOf, text, whole } from '../args/read';
import { CliError, Interrupted } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { type NamedModel, readLabelled, wantedPart } from '../data/readImages';
import { catchInterrupts } from '../interrupts';
import type { Io } from '../io';
import { type LoadedModel, loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { checkFolder, needForPictures } from '../result/deliver';

/** With more regions than these their edges would cover all colours. */
const MOST_WITH_EDGES = 3000;

/** Points across a picture of the confidence alone. */
const RESOLUTION = 100;

/** Draws a plane through the inputs of a network: its linear regions, or where these are too many, the confidence. */
export async function regions({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const file = text(values, 'svg') ?? 'regions.svg';
  await checkFolder(file);
  await needForPictures('regions');
  const colour = oneOf(values, 'colour', ['confidence', 'infinity'] as const, 'confidence');
  const maxRegions = whole(values, 'max-regions', 20_000);
  const signal = catchInterrupts();
  await startBackend(values);
  const model = await loadModel(written, modelSettings(values));
  const { plane, points, usual, notes } = await planeOf(model, values);
  for (const note of [...model.notes, ...notes]) stderr.write(`${note}\n`);
  const [low, high] = pair(values, 'box', usual);
  const box = { x: [low, high], y: [low, high] } as const;
  const line = progressLine(stderr, values.progress === true);
  const found = await slice(model, plane, { box, maxRegions, onProgress: line.show, signal });
  line.clear();
  const look = { box, ...(points && { points }) };
  if (typeof found !== 'string') {
    const edges = found.length <= MOST_WITH_EDGES;
    await writeFile(file, await regionMap(found, { ...look, colour, edges, title: `Linear regions of ${written}` }));
    if (signal.aborted)
      throw new Interrupted(
        `The ${found.length} linear regions that were found by then are drawn in ${file}.`,
        'All of them take longer; a smaller --box has fewer.',
      );
    stdout.write(`${found.length} linear regions from ${low} to ${high} in both directions.\nWrote ${file}.\n`);
    return EXIT.fine;
  }
  if (colour === 'infinity')
    throw new CliError(`The linear regions cannot be drawn: ${found}.`, 'Choose a smaller --box.');
  const { classes } = model.classifier;
  const tell = follow('regions', { onProgress: line.show, signal }, RESOLUTION ** 2);
  const at = (where: Float32Array) => confidenceOnPlane(model.classifier, plane, where, (done) => tell(done, 'points'));
  const title = `Confidence of ${written}`;
  const picture = await confidenceMap(at, { ...look, classes, resolution: RESOLUTION, title });
  line.clear();
  await writeFile(file, picture);
  stdout.write(`Drew the confidence without the linear regions: ${found}.\nWrote ${file}.\n`);
  return EXIT.fine;
}

interface Search extends SliceOptions {
  readonly box: Box2d;
  readonly maxRegions: number;
  readonly signal: AbortSignal;
}

/** All regions of a part of the plane, or those that were found until an interrupt, or why they are not to be had. */
async function slice(model: LoadedModel, plane: Plane2d, { signal, ...options }: Search): Promise<RegionList | string> {
  try {
    const net = toPiecewiseAffine(model.withLayers().classifier);
    const many = await inTasks('regions', regionsOnDiagonal(net, plane, options.box), signal);
    if (many > SURELY * options.maxRegions)
      return `a single line through it crosses some ${many.toPrecision(2)}, far more than ${options.maxRegions}; see --box and --max-regions`;
    const { work, regions } = slicing(net, plane, options);
    const complete = await inTasks('regions', work, signal).catch((error: unknown) => {
      if (signal.aborted && regions().length > 0) return true;
      throw error;
    });
    if (complete) return Object.assign(regions(), { complete });
    return `there are more than ${options.maxRegions}; see --box and --max-regions`;
  } catch (error) {
    if (error instanceof OverconfidenceError && error.code === 'UNSUPPORTED_MODEL')
      return `the network is not piecewise linear, or not known to be (${error.got})`;
    throw error;
  }
}

/** How many times too many regions there must seem to be on a line before they are not looked for. */
const SURELY = 4;
/** Values updated on the line. */
const MOST_UPDATES = 5_000_000;

/** About how many regions lie on a diagonal of the box: counted along its first part, if that takes long. */
function* regionsOnDiagonal(net: PiecewiseAffine, plane: Plane2d, { x, y }: Box2d): Pausing<number> {
  const begin = pointOnPlane(plane, x[0], y[0]);
  const slopes = pointOnPlane(plane, x[1], y[1]).map((value, i) => value - begin[i]!);
  let [pieces, reached] = [0, 0];
  for (const step of walkRay(net, { intercepts: begin, slopes }, 0, 1)) {
    yield;
    if (step?.piece) [pieces, reached] = [pieces + 1, step.piece.to];
    if (step && step.updates > MOST_UPDATES) break;
  }
  return reached === 0 ? 1 : pieces / reached;
}

interface Slice {
  readonly plane: Plane2d;
  readonly points: LabelledPoints | undefined;
  /** The part of the plane that is shown if the user does not say. */
  readonly usual: readonly [number, number];
  /** What was left out or concluded when the images were read. */
  readonly notes: readonly string[];
}

async function planeOf(model: LoadedModel, values: Values): Promise<Slice> {
  const net = model.classifier;
  if (net.inputShape.length === 1 && net.inputShape[0] === 2)
    return { plane: inputPlane, points: undefined, usual: boundsAt(net.bounds, 0), notes: [] };
  const { images, labels, notes } = await threeImages(model, values);
  const [a, b, c] = images;
  const points = labels && { x: [0, 0, 1, 0, 0, 1], y: labels };
  return { plane: planeThrough(a, b, c), points, usual: [-1, 2], notes };
}

type Rows = readonly [number, number, number];
const FIRST: Rows = [0, 1, 2];

/** Three inputs, flat, with their classes where these are known. */
export interface ThreeImages {
  readonly images: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
  readonly labels: readonly number[] | undefined;
  /** What was left out or concluded when they were read. */
  readonly notes: readonly string[];
}

/** The first images of the first three classes of the data (or the first three images), or three of uniform noise. */
export async function threeImages(model: NamedModel, values: Values): Promise<ThreeImages> {
  const net = model.classifier;
  const folder = text(values, 'data');
  if (folder === undefined) {
    const noise = uniformNoise([3, ...net.inputShape], { seed: seedOf(values), bounds: net.bounds });
    const pixels = await noise.data();
    dispose(noise);
    return { images: pick(pixels, net, FIRST), labels: undefined, notes: [] };
  }
  const { x, labels, notes } = await readLabelled(folder, wantedPart(values, 'test'), model);
  if (labels.length < 3) throw new CliError(`${folder} has fewer than three images.`, 'A plane goes through three.');
  const [a, b, c] = [...new Set(labels)].sort((j, k) => j - k).map((k) => labels.indexOf(k));
  const rows: Rows = a === undefined || b === undefined || c === undefined ? FIRST : [a, b, c];
  const pixels = await x.data();
  dispose(x);
  return { images: pick(pixels, net, rows), labels: rows.map((row) => labels[row]!), notes };
}

function pick(pixels: ArrayLike<number>, { inputShape }: Classifier, [a, b, c]: Rows): ThreeImages['images'] {
  const size = inputShape.reduce((product, length) => product * length, 1);
  const image = (row: number) => Float64Array.from({ length: size }, (_, i) => pixels[row * size + i]!);
  return [image(a), image(b), image(c)];
}

/** Inputs, and values of these, at a time: a picture has thousands, which together may be too large for memory. */
const [BATCH, MOST_VALUES] = [256, 1_000_000];

/** The confidence at each of N points of a plane, given by their coordinates `[N, 2]`. */
export async function confidenceOnPlane(
  net: Classifier,
  plane: Plane2d,
  points: Float32Array,
  tell: (done: number) => void = () => {},
): Promise<Float64Array> {
  const count = points.length / 2;
  const found = new Float64Array(count);
  const length = plane.origin.length;
  const most = Math.max(1, Math.min(BATCH, Math.floor(MOST_VALUES / length)));
  for (let start = 0; start < count; start += most) {
    const size = Math.min(most, count - start);
    const inputs = new Float32Array(size * length);
    for (let i = 0; i < size; i++)
      inputs.set(pointOnPlane(plane, points[2 * (start + i)]!, points[2 * (start + i) + 1]!), i * length);
    const batch = tensor(inputs, [size, ...net.inputShape]);
    found.set(await confidences(net, batch), start);
    dispose(batch);
    await nextTask();
    tell(start + size);
  }
  return found;
}
