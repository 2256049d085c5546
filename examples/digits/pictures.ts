import { writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { type ModelLike, type OodReport, paperNoise, pgdLinf } from 'relu-overconfidence';
import { confidenceHistogramPlot, imageGrid, rocPlot } from 'relu-overconfidence/report';
import { imageRow } from '../support/imageRow';
import type { Digits } from './digits';
import { EPSILON } from './train';

type ByMethod<T> = Readonly<Record<string, T>>;

const SHOWN = 12;

/** Writes the pictures of the example into a folder. */
export async function drawPictures(
  folder: URL,
  digits: Digits,
  models: ByMethod<ModelLike>,
  reports: ByMethod<OodReport>,
): Promise<void> {
  const save = (name: string, content: string | Uint8Array) => writeFile(new URL(name, folder), content);
  await save('adversarial-noise.png', await noiseGrid(digits, models));
  for (const [method, { rows }] of Object.entries(reports)) {
    const scored = rows.filter(({ samples }) => samples > 0);
    const title = (what: string) => ({ title: `${what} of the ${method} classifier` });
    const confidences = scored.map(({ name, scores }) => [name, scores!.confidences]);
    await save(
      `histogram-${method}.svg`,
      await confidenceHistogramPlot(Object.fromEntries(confidences), { bins: 40, ...title('Confidence') }),
    );
    const [inRow, ...outRows] = scored.map(({ name, scores }) => [name, scores!.logOdds] as const);
    await save(`roc-${method}.svg`, await rocPlot(inRow![1], Object.fromEntries(outRows), title('ROC')));
  }
}

/** Noise, and for each classifier the points near it where that classifier is most confident. */
async function noiseGrid({ test }: Digits, models: ByMethod<ModelLike>): Promise<Uint8Array> {
  const noise = tf.tidy(() => paperNoise(tf.slice(test.x, 0, SHOWN), { seed: 'grid' }));
  const rows = [await imageRow('noise', noise)];
  for (const [method, model] of Object.entries(models)) {
    const { adversarial, objective } = pgdLinf(model, noise, { epsilon: EPSILON, steps: 200, seed: 'grid' });
    rows.push(await imageRow(`worst for ${method}`, adversarial));
    tf.dispose([adversarial, objective]);
  }
  tf.dispose(noise);
  return imageGrid({ rows, scale: 6 });
}
