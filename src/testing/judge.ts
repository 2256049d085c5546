import type * as tf from '@tensorflow/tfjs-core';
import { confidenceOf, rowLogOdds } from '../classifier/logOdds';
import { argMax, type ReadOptions, readLogits } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
import { digits } from './checkResult';

/** One image of those that a check looked at. */
export interface JudgedImage {
  /** Number of the image within the batch, from 0. */
  readonly index: number;
  /** Largest softmax probability of the image. */
  readonly confidence: number;
  /** The class that it belongs to. */
  readonly predicted: number;
}

/** What a model says to each image of a batch. */
export interface Judgement {
  readonly confidences: Float64Array;
  readonly predicted: Int32Array;
  readonly classes: number;
}

/** Classifies a batch in inference mode. */
export async function judge(fn: string, model: ModelLike, x: tf.Tensor, options: ReadOptions): Promise<Judgement> {
  const { values, classes, count, head } = await readLogits(fn, model, x, options);
  return {
    confidences: Float64Array.from({ length: count }, (_, row) =>
      confidenceOf(rowLogOdds(values, row * classes, classes, head)),
    ),
    predicted: Int32Array.from({ length: count }, (_, row) => argMax(values, row * classes, classes)),
    classes,
  };
}

/** The image at an index. */
export function imageAt({ confidences, predicted }: Judgement, index: number): JudgedImage {
  return { index, confidence: confidences[index]!, predicted: predicted[index]! };
}

/** Index of the largest of several numbers; the first of equals. */
export function indexOfLargest(values: ArrayLike<number>): number {
  return argMax(values, 0, values.length);
}

/** An image with its number, confidence and class. */
export function imageInWords({ index, confidence, predicted }: JudgedImage): string {
  return `image ${index}, with confidence ${digits(confidence)} for class ${predicted}`;
}
