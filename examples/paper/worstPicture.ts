import * as tf from '@tensorflow/tfjs-core';
import { imageGrid } from 'relu-overconfidence/report';
import { imageRow } from '../support/imageRow';
import type { Attacked } from './attackInPieces';
import { confidenceOf } from './strongerMarkdown';

const SHOWN = 8;

/** The noise around which the last attack made a network most confident, and what each attack made of it. */
export async function worstPicture(noise: tf.Tensor, attacks: Readonly<Record<string, Attacked>>): Promise<Uint8Array> {
  const { logOdds } = Object.values(attacks).at(-1)!;
  const order = Array.from(logOdds.keys())
    .sort((a, b) => logOdds[b]! - logOdds[a]!)
    .slice(0, SHOWN);
  const chosen = tf.tensor1d(order, 'int32');
  const pick = (images: tf.Tensor) => tf.gather(images, chosen);
  const first = pick(noise);
  const rows = [await imageRow('noise', first)];
  for (const [name, { pixels, logOdds }] of Object.entries(attacks)) {
    const picked = tf.tidy(() => pick(tf.tensor(pixels, [logOdds.length, ...noise.shape.slice(1)])));
    const captions = order.map((i) => `${Number((100 * confidenceOf(logOdds[i]!)).toPrecision(3))}%`);
    rows.push(await imageRow(name, picked, captions));
    picked.dispose();
  }
  tf.dispose([chosen, first]);
  return imageGrid({ rows, scale: 2 });
}
