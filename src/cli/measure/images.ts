import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import { boundsAt } from '../../core/bounds';
import type { DataFacts } from './runRecord';

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
