import { writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { type ModelLike, maxConfidenceAttack, type OodReport, paperNoise } from 'relu-overconfidence';
import { confidenceHistogramPlot, imageGrid, rocPlot } from 'relu-overconfidence/report';
import { imageRow } from '../support/imageRow';
import type { Digits } from './digits';
import { EPSILON } from './train';

type ByName<T> = Readonly<Record<string, T>>;

const SHOWN = 12;

/** Writes the pictures of the example into a folder. */
export async function drawPictures(
  folder: URL,
  digits: Digits,
  models: ByName<ModelLike>,
  reports: ByName<OodReport>,
): Promise<void> {
  const save = (name: string, content: string | Uint8Array) => writeFile(new URL(name, folder), content);
  await save('adversarial-noise.png', await noiseGrid(digits, models));
  for (const [name, { rows }] of Object.entries(reports)) {
    const scored = rows.filter(({ samples }) => samples > 0);
    const title = (what: string) => ({ title: `${what} of the ${name} classifier` });
    const confidences = scored.map((row) => [row.name, row.scores!.confidences]);
    await save(
      `histogram-${name.toLowerCase()}.svg`,
      await confidenceHistogramPlot(Object.fromEntries(confidences), { bins: 40, ...title('Confidence') }),
    );
    const [inRow, ...outRows] = scored.map((row) => [row.name, row.scores!.logOdds] as const);
    await save(`roc-${name.toLowerCase()}.svg`, await rocPlot(inRow![1], Object.fromEntries(outRows), title('ROC')));
  }
}

/** Noise, and for each classifier the points near it where that classifier is most confident. */
async function noiseGrid({ test }: Digits, models: ByName<ModelLike>): Promise<Uint8Array> {
  const noise = tf.tidy(() => paperNoise(tf.slice(test.x, 0, SHOWN), { seed: 'grid' }));
  const rows = [await imageRow('noise', noise)];
  for (const [name, model] of Object.entries(models)) {
    const { adversarial, objective } = maxConfidenceAttack(model, noise, { epsilon: EPSILON, steps: 50, seed: 'grid' });
    rows.push(await imageRow(`worst for ${name}`, adversarial));
    tf.dispose([adversarial, objective]);
  }
  tf.dispose(noise);
  return imageGrid({ rows, scale: 6 });
}
