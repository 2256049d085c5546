import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { boundsAt } from '../../core/bounds';
import { type FittedUnknown, fitUnknown } from '../../detectors/fitUnknown';
import { auroc } from '../../metrics/auroc';
import { uniformNoise } from '../../noise/uniformNoise';
import { needed, number, onlyModel, seedOf, text, texts } from '../args/read';
import { Interrupted } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { readImages, wantedPart } from '../data/readImages';
import { catchInterrupts } from '../interrupts';
import type { Io } from '../io';
import { loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { unknownHtml } from './html';
import { type Refusals, summaryOf } from './summary';

/** Images of noise and of each plain colour that are shown to the finished classifier. */
const NOISE = 20;
/** Images for each answer of the classifier at a time. */
const AT_ONCE = 32;

/** Makes a classifier that says "unknown" from a model and photographs of its task. */
export async function unknown({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const folder = needed(values, 'data', 'photos');
  const settings = modelSettings(values);
  const keep = number(values, 'keep', 0.95, 0.5, 0.999);
  const signal = catchInterrupts();
  const backend = await startBackend(values);
  const line = progressLine(stderr, values.progress === true);
  const watching = { onProgress: line.show, signal };
  try {
    const model = await loadModel(written, settings);
    const { x, notes } = await readImages(folder, wantedPart(values, 'train', watching), model);
    line.clear();
    for (const note of [...model.notes, ...notes]) stdout.write(`${note}\n`);
    const guard = await fitUnknown(model.classifier, x, {
      keep,
      promise: 'certain',
      seed: seedOf(values),
      ...watching,
    });
    const sets: Refusals[] = [];
    for (const [name, images] of plainImages(model.classifier, seedOf(values)))
      sets.push(await refusals(name, guard, images));
    for (const path of texts(values, 'ood')) {
      const out = await readImages(path, wantedPart(values, 'test', watching), model);
      sets.push(await refusals(path, guard, out.x));
    }
    line.clear();
    const saved = guard.save();
    const out = text(values, 'out') ?? dirname(model.file.path);
    await mkdir(out, { recursive: true });
    const file = join(out, 'unknown.json');
    await writeFile(file, JSON.stringify(saved));
    const summary = summaryOf({ guard, saved, sets, keep, kind: model.file.kind });
    const html = join(out, 'unknown.html');
    await writeFile(html, await unknownHtml(summary, { guard, saved, x, backend, net: model.classifier }));
    tf.dispose(x);
    stdout.write(`${summary.text}\n\nWrote ${file} and ${html}.\n\n${summary.snippet}\n`);
    return EXIT.fine;
  } catch (error) {
    line.clear();
    if (!signal.aborted) throw error;
    throw new Interrupted(
      'The photographs were still being looked at; nothing was written.',
      'Run the same command again.',
    );
  }
}

/** Images that nobody could name: noise, and plain ones from black to white. */
function plainImages({ inputShape, bounds }: Classifier, seed: string | number): [string, tf.Tensor][] {
  const plain = tf.tidy(() => {
    const [low, high] = boundsAt(bounds, 0);
    const shades = tf.linspace(low, high, NOISE);
    return tf.add(tf.zeros([NOISE, ...inputShape]), tf.reshape(shades, [NOISE, ...inputShape.map(() => 1)]));
  });
  return [
    ['uniform noise', uniformNoise([NOISE, ...inputShape], { seed, bounds })],
    ['one colour, black to white', plain],
  ];
}

/** How many images of a set are refused, and how well the score tells them from those that were held out; disposes the images. */
async function refusals(name: string, guard: FittedUnknown, images: tf.Tensor): Promise<Refusals> {
  const count = images.shape[0]!;
  const found: Refusals['predictions'][number][] = [];
  try {
    for (let start = 0; start < count; start += AT_ONCE) {
      const part = tf.slice(images, start, Math.min(AT_ONCE, count - start));
      found.push(...(await guard.predict(part).finally(() => part.dispose())));
    }
  } finally {
    images.dispose();
  }
  const scores = found.map(({ score }) => score);
  return { name, predictions: found, auroc: auroc(guard.heldOut.scores, scores) };
}
