import * as tf from '@tensorflow/tfjs-core';
import type { Classifier } from 'relu-overconfidence';
import { imageInput } from 'relu-overconfidence/detectors';

/** Photographs as a model takes them, their middles cut out. */
export interface Photographs {
  /** `[n, ...inputShape]`; the caller disposes of it. */
  readonly x: tf.Tensor;
  /** Names of the files that are no pictures. */
  readonly unreadable: readonly string[];
}

/** Pictures that are decoded at a time. */
const AT_ONCE = 16;
/** `fitUnknown` takes no fewer. */
const FEWEST = 10;

/** Reads files as pictures; `onRead` hears how many have been read. */
export async function readPhotographs(
  files: readonly File[],
  { inputShape, bounds }: Classifier,
  onRead: (count: number) => void,
): Promise<Photographs> {
  const parts: tf.Tensor[] = [];
  const unreadable: string[] = [];
  for (let i = 0; i < files.length; i += AT_ONCE) {
    const some = files.slice(i, i + AT_ONCE);
    const bitmaps = await Promise.all(some.map((file) => createImageBitmap(file).catch(() => file.name)));
    for (const bitmap of bitmaps) {
      if (typeof bitmap === 'string') unreadable.push(bitmap);
      else {
        parts.push(imageInput(bitmap, { inputShape, bounds }));
        bitmap.close();
      }
    }
    onRead(Math.min(i + AT_ONCE, files.length));
  }
  try {
    if (parts.length < FEWEST)
      throw new Error(`${FEWEST} photographs or more are needed, and ${countInWords(parts.length)} could be read.`);
    return { x: tf.tidy(() => tf.concat(parts)), unreadable };
  } finally {
    tf.dispose(parts);
  }
}

function countInWords(count: number): string {
  return count === 0 ? 'none' : String(count);
}
