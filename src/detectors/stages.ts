import * as tf from '@tensorflow/tfjs-core';
import { firstLearnt, type Openable, openableOf, openBetween, openFeatures } from '../classifier/featurePass';
import type { ReadOptions } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { OverconfidenceError } from '../core/errors';
import { type FeatureRows, headOf, readLogitRows, readRows } from './features';
import type { LinearHead } from './scores/rows';

/** A layer whose features are looked at. */
export interface Stage {
  readonly layer: string;
  readonly size: number;
  /** What makes logits of them, where that is linear. */
  readonly head: LinearHead | undefined;
}

/** The layers of a model that are worth looking at, and how all of them are read in one pass. */
export interface Stages {
  readonly list: readonly Stage[];
  /** The rows of each stage in turn; where there is none, one of the logits alone. */
  read(x: tf.Tensor, options: ReadOptions): Promise<readonly FeatureRows[]>;
}

/** The layer in front of the last one, and before it the first layer that is a vector; none of a model that shows no layers. */
export async function stagesOf(fn: string, net: Classifier): Promise<Stages> {
  const openable = openableIf(fn, net);
  const last = openable?.penultimate;
  const first = (openable && firstLearnt(openable)) ?? last;
  if (openable === undefined || first === undefined)
    return { list: [], read: async (x, options) => [await readLogitRows(fn, net, x, options)] };
  const places = last === undefined || last.at <= first.at ? [first] : [last, first];
  const list: Stage[] = [];
  for (const place of places) {
    const head = place === last ? await headOf(openFeatures(openable, place), net.classes) : undefined;
    list.push({ layer: place.name, size: place.size, head });
  }
  return {
    list,
    read: async (x, options) => {
      const rows = await readRows(fn, net, () => openFeatures(openable, first), first.size, x, options);
      if (places.length === 1) return [rows];
      const between = openBetween(openable, first, last!);
      const later = tf.tidy(() => between.run(tf.tensor2d(rows.features, [rows.count, first.size])));
      between.close();
      const features = (await later.data().finally(() => later.dispose())) as Float32Array;
      return [{ ...rows, features }, rows];
    },
  };
}

function openableIf(fn: string, net: Classifier): Openable | undefined {
  try {
    return openableOf({ fn, argument: 'model' }, net);
  } catch (error) {
    if (error instanceof OverconfidenceError && error.code === 'UNSUPPORTED_MODEL') return undefined;
    throw error;
  }
}
