import * as tf from '@tensorflow/tfjs-core';
import { confidences, type ModelLike, paperNoise, pgdLinf, predictions } from 'relu-overconfidence';
import { imageGrid } from 'relu-overconfidence/report';
import { imageRow } from '../support/imageRow';
import type { TrainingSet } from './recipes';

type ByLabel = Readonly<Record<string, ModelLike>>;

const SHOWN = 8;
const SCALE = 4;
/** Short names of the classes, in the order of their numbers; other classes are their numbers. */
const CLASSES: Readonly<Partial<Record<TrainingSet, readonly string[]>>> = {
  cifar10: ['plane', 'car', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
};

/** Noise, and for each network the point near it where PGD of 200 steps finds it most confident, with that confidence. */
export async function noisePicture(images: tf.Tensor, models: ByLabel): Promise<Uint8Array> {
  const noise = tf.tidy(() => paperNoise(tf.slice(images, 0, SHOWN), { seed: 'figure 2' }));
  const rows = [];
  for (const [label, model] of Object.entries(models)) {
    const before = await confidences(model, noise);
    if (rows.length === 0) rows.push(await imageRow(`noise, ${label}`, noise, Array.from(before, percent)));
    const { adversarial, objective } = pgdLinf(model, noise, { steps: 200, seed: 'figure 2' });
    const after = Array.from(await confidences(model, adversarial), percent);
    rows.push(await imageRow(`worst, ${label}`, adversarial, after));
    tf.dispose([adversarial, objective]);
  }
  noise.dispose();
  return imageGrid({ rows, scale: SCALE });
}

/** What each network takes the first images of another data set for, and how sure it is. */
export async function predictionPicture(images: tf.Tensor, models: ByLabel, dataset: TrainingSet): Promise<Uint8Array> {
  const some = tf.slice(images, 0, SHOWN);
  const rows = [];
  for (const [label, model] of Object.entries(models)) {
    const [classes, sure] = [await predictions(model, some), await confidences(model, some)];
    const captions = Array.from(classes, (k, i) => `${CLASSES[dataset]?.[k] ?? k} ${percent(sure[i]!)}`);
    rows.push(await imageRow(label, some, captions));
  }
  some.dispose();
  return imageGrid({ rows, scale: SCALE });
}

/** A confidence in per cent; 100 % only where it rounds to it from within half a per mille. */
function percent(confidence: number): string {
  return `${(100 * confidence).toFixed(confidence < 0.9995 && confidence > 0.9 ? 1 : 0)}%`;
}
