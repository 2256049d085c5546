import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Method } from 'relu-overconfidence';
import acet from './models/acet.bin?url';
import ceda from './models/ceda.bin?url';
import plain from './models/plain.bin?url';
import { digitNetwork } from './network';

/** The three classifiers. */
export type Classifiers = Readonly<Record<Method, LayersModel>>;

/** Files of `trainModels.ts`: all weights one after the other as little-endian float32. */
const FILES = { plain, ceda, acet } as const;

/** Makes the three classifiers on the backend of the moment. */
export async function loadClassifiers(): Promise<Classifiers> {
  const methods = Object.keys(FILES) as Method[];
  const models = await Promise.all(methods.map(async (method) => withWeights(await fetchBytes(FILES[method]))));
  return Object.fromEntries(methods.map((method, i) => [method, models[i]!])) as Record<Method, LayersModel>;
}

/** The bytes of one of the page's own files. */
export async function fetchBytes(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} could not be loaded: ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}

function withWeights({ buffer }: Uint8Array): LayersModel {
  const values = new Float32Array(buffer);
  const model = digitNetwork();
  let from = 0;
  tf.tidy(() => {
    const weights = model.getWeights().map(({ shape, size }) => {
      const part = tf.tensor(values.slice(from, from + size), shape);
      from += size;
      return part;
    });
    model.setWeights(weights);
  });
  return model;
}
