import { writeFile } from 'node:fs/promises';
import { OverconfidenceError } from '../../core/errors';
import { inputPlane } from '../../regions/inputPlane';
import { planeThrough } from '../../regions/planeThrough';
import { sliceRegions } from '../../regions/sliceRegions';
import type { Plane2d, RegionList, SliceOptions } from '../../regions/sliceTypes';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import { confidenceMap } from '../../report/confidenceMap';
import type { LabelledPoints } from '../../report/mapTypes';
import { regionMap } from '../../report/regionMap';
import type { Values } from '../args/optionTable';
import { oneOf, onlyModel, pair, text, whole } from '../args/read';
import { CliError } from '../cliError';
import type { Arguments } from '../command';
import { EXIT, type ExitCode } from '../exitCodes';
import type { Io } from '../io';
import { type LoadedModel, loadModel } from '../load/loadModel';
import { modelSettings } from '../load/modelSettings';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { checkFolder } from '../result/deliver';
import { confidenceOnPlane } from './confidenceOnPlane';
import { threeImages } from './threeImages';

/** With more regions than these their edges would cover all colours. */
const MOST_WITH_EDGES = 3000;

/** Points across a picture of the confidence alone. */
const RESOLUTION = 100;

/** Draws a plane through the inputs of a network: its linear regions, or where these are too many, the confidence. */
export async function regions({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const file = text(values, 'svg') ?? 'regions.svg';
  await checkFolder(file);
  const colour = oneOf(values, 'colour', ['confidence', 'infinity'] as const, 'confidence');
  const maxRegions = whole(values, 'max-regions', 20_000);
  await startBackend(values);
  const model = await loadModel(written, modelSettings(values));
  const { plane, points, usual, notes } = await planeOf(model, values);
  for (const note of notes) stderr.write(`${note}\n`);
  const [low, high] = pair(values, 'box', usual);
  const box = { x: [low, high], y: [low, high] } as const;
  const line = progressLine(stderr, values.progress === true);
  const found = slice(model, plane, { box, maxRegions, onProgress: line.show });
  line.clear();
  const look = { box, ...(points && { points }) };
  if (typeof found !== 'string') {
    const edges = found.length <= MOST_WITH_EDGES;
    await writeFile(file, await regionMap(found, { ...look, colour, edges, title: `Linear regions of ${written}` }));
    stdout.write(`${found.length} linear regions from ${low} to ${high} in both directions.\nWrote ${file}.\n`);
    return EXIT.fine;
  }
  if (colour === 'infinity')
    throw new CliError(`The linear regions cannot be drawn: ${found}.`, 'Choose a smaller --box.');
  const { classes } = model.classifier;
  const at = (where: Float32Array) => confidenceOnPlane(model.classifier, plane, where);
  const title = `Confidence of ${written}`;
  await writeFile(file, await confidenceMap(at, { ...look, classes, resolution: RESOLUTION, title }));
  stdout.write(`Drew the confidence without the linear regions: ${found}.\nWrote ${file}.\n`);
  return EXIT.fine;
}

/** All regions of a part of the plane, or why they are not to be had. */
function slice({ layers }: LoadedModel, plane: Plane2d, options: SliceOptions): RegionList | string {
  if (layers === undefined) return 'those of a GraphModel cannot be read';
  try {
    const found = sliceRegions(toPiecewiseAffine(layers), plane, options);
    return found.complete ? found : `there are more than ${options.maxRegions}; see --box and --max-regions`;
  } catch (error) {
    if (error instanceof OverconfidenceError && error.code === 'UNSUPPORTED_MODEL')
      return `the network is not piecewise linear, or not known to be (${error.got})`;
    throw error;
  }
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
    return { plane: inputPlane, points: undefined, usual: net.bounds, notes: [] };
  const { images, labels, notes } = await threeImages(model, values);
  const [a, b, c] = images;
  const points = labels && { x: [0, 0, 1, 0, 0, 1], y: labels };
  return { plane: planeThrough(a, b, c), points, usual: [-1, 2], notes };
}
