import { writeFile } from 'node:fs/promises';
import type { Classifier } from '../../classifier/types';
import { inputPlane } from '../../regions/inputPlane';
import { planeThrough } from '../../regions/planeThrough';
import { sliceRegions } from '../../regions/sliceRegions';
import type { Plane2d } from '../../regions/sliceTypes';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { LabelledPoints } from '../../report/mapTypes';
import { regionMap } from '../../report/regionMap';
import type { Values } from '../args/optionTable';
import { oneOf, onlyModel, pair, text, whole } from '../args/read';
import { CliError } from '../cliError';
import type { Arguments } from '../command';
import { EXIT, type ExitCode } from '../exitCodes';
import type { Io } from '../io';
import { loadModel } from '../load/loadModel';
import { modelSettings } from '../load/modelSettings';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { checkFolder } from '../result/delivery';
import { threeImages } from './threeImages';

/** Draws a plane through the inputs of a network. */
export async function regions({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const file = text(values, 'svg') ?? 'regions.svg';
  await checkFolder(file);
  const colour = oneOf(values, 'colour', ['confidence', 'infinity'] as const, 'confidence');
  const maxRegions = whole(values, 'max-regions', 20_000);
  await startBackend(values);
  const { layers, classifier } = await loadModel(written, modelSettings(values));
  if (layers === undefined)
    throw new CliError(
      'The linear regions of a GraphModel cannot be read.',
      'Pass the LayersModel it was converted from.',
    );
  const net = toPiecewiseAffine(layers);
  const { plane, points, usual } = await planeOf(classifier, values);
  const [low, high] = pair(values, 'box', usual);
  const box = { x: [low, high], y: [low, high] } as const;
  const line = progressLine(stderr, values.progress === true);
  const found = sliceRegions(net, plane, { box, maxRegions, onProgress: line.show });
  line.clear();
  const title = `Linear regions of ${written}`;
  await writeFile(file, await regionMap(found, { box, colour, title, ...(points && { points }) }));
  const all = found.complete ? '' : ' and more; raise --max-regions to see them';
  stdout.write(`${found.length} linear regions from ${low} to ${high} in both directions${all}.\nWrote ${file}.\n`);
  return EXIT.fine;
}

interface Slice {
  readonly plane: Plane2d;
  readonly points: LabelledPoints | undefined;
  /** The part of the plane that is shown if the user does not say. */
  readonly usual: readonly [number, number];
}

async function planeOf(net: Classifier, values: Values): Promise<Slice> {
  if (net.inputShape.length === 1 && net.inputShape[0] === 2)
    return { plane: inputPlane, points: undefined, usual: net.bounds };
  const { images, labels } = await threeImages(net, values);
  const [a, b, c] = images;
  const points = labels && { x: [0, 0, 1, 0, 0, 1], y: labels };
  return { plane: planeThrough(a, b, c), points, usual: [-1, 2] };
}
