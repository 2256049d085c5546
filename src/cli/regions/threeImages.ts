import { dispose } from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { uniformNoise } from '../../noise/uniformNoise';
import type { Values } from '../args/optionTable';
import { seedOf, text } from '../args/read';
import { CliError } from '../cliError';
import { type ModelPlace, readLabelled } from '../data/readImages';

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
export async function threeImages(model: ModelPlace, values: Values): Promise<ThreeImages> {
  const net = model.classifier;
  const folder = text(values, 'data');
  if (folder === undefined) {
    const noise = uniformNoise([3, ...net.inputShape], { seed: seedOf(values), bounds: net.bounds });
    const pixels = await noise.data();
    dispose(noise);
    return { images: pick(pixels, net, FIRST), labels: undefined, notes: [] };
  }
  const { x, labels, notes } = await readLabelled(folder, { part: text(values, 'part'), usual: 'test' }, model);
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
