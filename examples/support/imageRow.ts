import type * as tf from '@tensorflow/tfjs-core';
import type { ImageRow } from 'relu-overconfidence/report';

/** Images `[N, H, W, C]` as a row of an `imageGrid`, with a text under each where there are texts. */
export async function imageRow(label: string, images: tf.Tensor, captions?: readonly string[]): Promise<ImageRow> {
  const [count, height, width, channels] = images.shape as [number, number, number, number];
  const pixels = (await images.data()) as Float32Array;
  return { label, images: pixels, count, height, width, channels, ...(captions !== undefined && { captions }) };
}
