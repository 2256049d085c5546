import { basename, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { boundsAt, isPair } from '../../core/bounds';
import { imageSize } from '../../core/imageSize';
import type { Values } from '../args/options';
import { oneOf, text } from '../args/read';
import { CliError } from '../cliError';
import type { LoadedModel } from '../load/loadModel';
import { sha256 } from '../load/sha256';
import type { DataFacts } from '../measure/runRecord';
import { fitImages } from './fitImages';
import type { ModelClasses } from './matchClasses';
import { readFolder, type WantedPart } from './readFolder';

/** The part that `--part` names, or else the usual one, read as `--resize` says, with progress on the terminal. */
export function wantedPart(values: Values, usual: WantedPart['usual'], watching: Watching = {}): WantedPart {
  const resize = oneOf(values, 'resize', ['cover', 'contain', 'stretch'] as const, 'cover');
  return { part: text(values, 'part'), usual, resize, ...watching };
}

/** How reading is watched and stopped. */
type Watching = Pick<WantedPart, 'onProgress' | 'signal'>;

/** A model and the names of the classes beside it. */
export type NamedModel = Pick<LoadedModel, 'classifier' | 'labels'>;

/** Reads images from a folder, without their classes, and brings them into the form that the model takes. */
export function readImages(folder: string, part: WantedPart, { classifier }: NamedModel): Promise<Images> {
  return read(folder, part, classifier, undefined);
}

/** The same for images that must have classes, which are those of the model. */
export async function readLabelled(
  folder: string,
  part: WantedPart,
  { classifier, labels: names }: NamedModel,
): Promise<Images & { readonly labels: Int32Array }> {
  const images = await read(folder, part, classifier, { count: classifier.classes, names });
  const { labels } = images;
  if (labels === undefined) {
    tf.dispose(images.x);
    throw new CliError(
      `${resolve(folder)} has images, but not their classes.`,
      'Put them into one folder per class, or add the file of labels.',
    );
  }
  return { ...images, labels };
}

async function read(
  folder: string,
  part: WantedPart,
  net: Classifier,
  classes: ModelClasses | undefined,
): Promise<Images> {
  const { labels, ...found } = await readFolder(folder, { ...part, size: sizeOf(net) }, classes);
  const samples = found.shape[0] ?? 0;
  if (samples === 0) throw new CliError(`${folder} has no images.`, 'Look at how they were saved.');
  const { values, notes } = fitImages(folder, found, net);
  checkRange(folder, values, net);
  const largest = labels === undefined || classes === undefined ? 0 : labels.reduce((a, b) => Math.max(a, b), 0);
  if (largest >= net.classes)
    throw new CliError(
      `${folder} has images of class ${largest}, and the model has ${net.classes} classes, 0 to ${net.classes - 1}.`,
      'Pass the data that the model was made for.',
    );
  const bytes = [values, labels ?? new Int32Array()].map(({ buffer }) => new Uint8Array(buffer));
  return {
    x: tf.tensor(values, [samples, ...net.inputShape]),
    labels: classes && labels,
    facts: { path: folder, sha256: sha256(bytes), samples },
    notes: [...found.notes, ...notes].map((note) => `${folder}: ${note}.`),
  };
}

/** The size that images of files are brought to; undefined for inputs that are not images. */
function sizeOf({ inputShape, image = true }: Classifier): readonly [number, number] | undefined {
  const size = image ? imageSize(inputShape) : undefined;
  return size && [size.height, size.width];
}

/** Rounding in float32 that is let pass, as a share of the width of the bounds. */
const SLACK = 1e-6;

function checkRange(folder: string, values: Float32Array, { bounds, inputShape }: Classifier): void {
  const size = tf.util.sizeFromShape([...inputShape]);
  const at = values.findIndex((value, i) => {
    const [low, high] = boundsAt(bounds, i % size);
    const slack = SLACK * (high - low);
    return !(value >= low - slack && value <= high + slack);
  });
  if (at >= 0)
    throw new CliError(
      `${folder} has values such as ${values[at]}, outside the bounds [${boundsAt(bounds, at % size).join(', ')}] of ${isPair(bounds) ? 'the model' : `feature ${at % size}`}.`,
      'Scale the data as in training, or tell the true bounds with --bounds LOW,HIGH.',
    );
}

/** Images that a run is about, or that noise is made from. */
export interface Images {
  /** `[N, ...inputShape]`, within the bounds. */
  readonly x: tf.Tensor;
  /** Their classes, where these are known. */
  readonly labels: Int32Array | undefined;
  /** What they are; absent for the blank image. */
  readonly facts: DataFacts | undefined;
  /** What was left out or concluded when they were read. */
  readonly notes: readonly string[];
}

/** A single image without content, which gives noise its shape where there are no data. */
export function blankImage({ inputShape, bounds }: Classifier): Images {
  const low = (i: number) => boundsAt(bounds, i)[0];
  const values = Float32Array.from({ length: tf.util.sizeFromShape([...inputShape]) }, (_, i) => low(i));
  return { x: tf.tensor(values, [1, ...inputShape]), labels: undefined, facts: undefined, notes: [] };
}

/** Images of other kinds, each by the name of its folder. */
export async function readOthers(
  folders: readonly string[],
  part: WantedPart,
  model: NamedModel,
): Promise<Map<string, Images>> {
  const others = new Map<string, Images>();
  for (const folder of folders) {
    const name = nameOf(folder);
    if (others.has(name))
      throw new CliError(
        `Two folders of other images are called ${name}, and so would be their rows.`,
        'Rename one of them.',
      );
    others.set(name, await readImages(folder, part, model));
  }
  return others;
}

/** The name of the row of a folder. */
export function nameOf(folder: string): string {
  return basename(resolve(folder));
}
