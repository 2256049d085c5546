import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { version } from 'relu-overconfidence/package.json';
import type { Classifier } from '../../classifier/types';
import { boundsAt } from '../../core/bounds';
import { imageSize } from '../../core/imageSize';
import { type FittedUnknown, fitUnknown } from '../../detectors/fitUnknown';
import type { SavedUnknown } from '../../detectors/restoreUnknown';
import { auroc } from '../../metrics/auroc';
import { uniformNoise } from '../../noise/uniformNoise';
import { oodReportHtml } from '../../report/html/oodReportHtml';
import type { ReportPicture } from '../../report/html/types';
import { type ImageRow, imageGrid } from '../../report/imageGrid';
import { needed, number, onlyModel, seedOf, text, texts } from '../args/read';
import { Interrupted } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { readImages, readOthers, wantedPart } from '../data/readImages';
import { catchInterrupts } from '../interrupts';
import type { Io } from '../io';
import { loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { WORTH_SAYING } from '../measure/measure';
import { secondsPerPass } from '../measure/prepare';
import { progressLine } from '../print/progressLine';
import { capitalised, duration } from '../print/text';
import { needForPictures } from '../result/deliver';
import { type Refusals, type Summary, summaryOf } from './summary';

/** Images of noise and of each plain colour that are shown to the finished classifier. */
const NOISE = 20;
/** Images about that are looked at besides the photographs: destroyed ones, noise and plain colours. */
const OTHERS = 300;
/** Images for each answer of the classifier at a time. */
const AT_ONCE = 32;

/** Makes a classifier that says "unknown" from a model and photographs of its task. */
export async function unknown({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const folder = needed(values, 'data', 'photos');
  const settings = modelSettings(values);
  const keep = number(values, 'keep', 0.95, 0.5, 0.999);
  await needForPictures('unknown', ['fast-png']);
  const signal = catchInterrupts();
  const backend = await startBackend(values);
  const line = progressLine(stderr, values.progress === true);
  const watching = { onProgress: line.show, signal };
  try {
    const model = await loadModel(written, settings);
    const { x, notes } = await readImages(folder, wantedPart(values, 'train', watching), model);
    line.clear();
    const others = await readOthers(texts(values, 'ood'), wantedPart(values, 'test', watching), model);
    line.clear();
    const sizes = [x, ...Array.from(others.values(), (images) => images.x)].map(({ shape }) => shape[0]!);
    const told = [...model.notes, ...notes, ...Array.from(others.values(), (images) => images.notes).flat()];
    for (const note of new Set(told)) stdout.write(`${note}\n`);
    const seconds = sizes.reduce((sum, size) => sum + size, OTHERS) * (await secondsPerPass(model.classifier));
    if (seconds >= WORTH_SAYING) stderr.write(`This takes ${duration(seconds)}.\n`);
    const guard = await fitUnknown(model.classifier, x, {
      keep,
      promise: 'certain',
      seed: seedOf(values),
      ...watching,
    });
    const sets: Refusals[] = [];
    for (const [name, images] of plainImages(model.classifier, seedOf(values)))
      sets.push(await refusals(name, guard, images));
    for (const [name, images] of others) sets.push(await refusals(name, guard, images.x));
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

/** Images on each side of the threshold, and the most pixels on a side of one. */
const [SHOWN, SIDE] = [8, 112];

/** What the page shows besides the summary. */
interface Shown {
  readonly guard: FittedUnknown;
  readonly saved: SavedUnknown;
  /** The photographs. */
  readonly x: tf.Tensor;
  readonly net: Classifier;
  readonly backend: string;
}

/** The summary as one page, with the photographs nearest to the threshold on both sides. */
export async function unknownHtml(summary: Summary, shown: Shown): Promise<string> {
  const { saved, backend } = shown;
  const pictures = await nearest(shown);
  return oodReportHtml(
    {},
    {
      title: 'What the model calls unknown',
      verdict: { level: saved.threshold.count < saved.threshold.needed ? 'warning' : 'good', text: summary.promise },
      details: {
        score:
          saved.detector.layer === null ? saved.detector.kind : `${saved.detector.kind} of ${saved.detector.layer}`,
        threshold: Number(saved.threshold.threshold.toPrecision(4)),
        photographs: saved.threshold.count,
        backend,
        'made by': `relu-overconfidence ${version}`,
      },
      sections: [
        {
          heading: 'What it refuses',
          paragraphs: [
            'The area under the ROC curve is that of the score against your photographs that were held out.',
          ],
          table: { columns: summary.head.map(capitalised), rows: summary.rows.map((row) => [...row]) },
        },
        ...(pictures.length > 0
          ? [
              {
                heading: 'Your photographs nearest to the threshold',
                paragraphs: [
                  'Refused are those that score below it. If they should be kept, take more photographs like them; if some that are kept do not belong here, take them out.',
                ],
                pictures,
              },
            ]
          : []),
        {
          heading: 'What was tried',
          paragraphs: [summary.chosen],
          table: { columns: summary.triedHead.map(capitalised), rows: summary.triedRows.map((row) => [...row]) },
        },
      ],
    },
  );
}

async function nearest({ guard, saved, x, net }: Shown): Promise<ReportPicture[]> {
  const size = imageSize(net.inputShape);
  if (size === undefined || (net.image ?? true) === false || (size.channels !== 1 && size.channels !== 3)) return [];
  const { places, scores } = guard.heldOut;
  const { threshold } = saved.threshold;
  const order = Array.from(places.keys()).sort((a, b) => scores[a]! - scores[b]!);
  const refused = order.filter((i) => scores[i]! < threshold).slice(-SHOWN);
  const kept = order.filter((i) => scores[i]! >= threshold).slice(0, SHOWN);
  const rows: ImageRow[] = [];
  for (const [label, some] of Object.entries({ refused, kept }))
    if (some.length > 0)
      rows.push(
        await rowOf(
          label,
          some.map((i) => [places[i]!, scores[i]!] as const),
          x,
          size,
        ),
      );
  const png = await imageGrid({
    rows,
    scale: Math.max(1, Math.floor(SIDE / size.width)),
    bounds: boundsAt(net.bounds, 0),
  });
  const alt = rows.map(
    ({ label, captions = [] }) => `${label}: ${captions.length} photographs with scores ${captions.join(', ')}`,
  );
  return [{ png, alt: `${alt.join('; ')}.`, caption: 'Below each photograph its score.' }];
}

/** Photographs, of large ones every second pixel, or every third. */
async function rowOf(
  label: string,
  some: readonly (readonly [place: number, score: number])[],
  x: tf.Tensor,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
): Promise<ImageRow> {
  const step = Math.max(1, Math.ceil(Math.max(height, width) / SIDE));
  const [rows, columns] = [Math.floor(height / step), Math.floor(width / step)];
  const chosen = tf.tidy(() =>
    tf.gather(
      x,
      tf.tensor1d(
        some.map(([place]) => place),
        'int32',
      ),
    ),
  );
  const values = await chosen.data().finally(() => chosen.dispose());
  const images = new Float32Array(some.length * rows * columns * channels);
  for (let i = 0; i < images.length; i++) {
    const c = i % channels;
    const column = Math.floor(i / channels) % columns;
    const row = Math.floor(i / (channels * columns)) % rows;
    const image = Math.floor(i / (channels * columns * rows));
    images[i] = values[((image * height + row * step) * width + column * step) * channels + c]!;
  }
  // Of as many digits each; what that writes with an exponent, as a number.
  const captions = some.map(([, score]) => score.toPrecision(3).replace(/.*e.*/, (far) => String(Number(far))));
  return { label, captions, images, count: some.length, height: rows, width: columns, channels };
}
