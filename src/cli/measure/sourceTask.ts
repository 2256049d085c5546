import type { Tensor } from '@tensorflow/tfjs-core';
import type { Classifier } from '../../classifier/types';
import type { OodSource } from '../../evaluation/oodSources';
import type { Runner } from '../../evaluation/runner';
import { passesOf, scoreBatch } from '../../evaluation/scoreSource';
import type { Task } from './task';

/** Images kept for the report, and the most values that these may have together. */
const PICTURES = 8;
const MOST_VALUES = 160_000;

/** A row of the table as a task. `labels` are the true classes of its images, where these are known. */
export function sourceTask(
  runner: Runner,
  net: Classifier,
  source: OodSource,
  labels: Int32Array | undefined,
  signal: AbortSignal,
): Task {
  const { name, kind, samples, batchSize } = source;
  return {
    name,
    kind,
    samples,
    blockSize: batchSize,
    cost: passesOf(source) / samples,
    // A model whose operations have no gradients can still be measured on noise.
    optional: source.gradients > 0,
    run: async (start, size, onWork) => {
      let pixels: number[] | undefined;
      const make: OodSource['make'] = async (...block) => {
        const images = await source.make(...block);
        if (start === 0) pixels = await firstImages(images, net.inputShape);
        return images;
      };
      const { logOdds, predicted } = await scoreBatch(runner, net, { ...source, make }, start, onWork, signal);
      return {
        logOdds: [...logOdds],
        predicted: [...predicted],
        ...(labels && { labels: [...labels.subarray(start, start + size)] }),
        ...(pixels && { pixels }),
      };
    },
  };
}

/** Values of the first images, rounded to what an eye can see; none of inputs that are no images. */
async function firstImages(images: Tensor, inputShape: readonly number[]): Promise<number[] | undefined> {
  const [height = 1, width = 1, channels] = inputShape;
  if (inputShape.length !== 3 || (channels !== 1 && channels !== 3)) return undefined;
  const size = height * width * channels;
  const count = Math.min(PICTURES, images.shape[0]!, Math.floor(MOST_VALUES / size));
  const values = (await images.data()).subarray(0, count * size);
  return Array.from(values, (value) => Number(value.toPrecision(4)));
}
