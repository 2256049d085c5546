import type * as tf from '@tensorflow/tfjs-core';
import type { ReadOptions } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { refuse, type Where } from '../core/check';
import type { DetectorKind } from './kinds';
import type { Shrinkage } from './scores/mahalanobis';

/** How {@link fitDetector} is to work. Progress is counted in examples. */
export interface FitDetectorOptions extends ReadOptions {
  /** Name of the layer whose features are looked at. @defaultValue the one in front of the last layer; see {@link features} */
  readonly layer?: string;
  /** Which nearest neighbour counts for `'knn'`, and how many for `'mean-knn'` and `'nnguide'`. @defaultValue 5, 3 and 10, or all of fewer examples */
  readonly k?: number;
  /**
   * For the two kinds of Mahalanobis: the share of the identity in the covariance, in [0, 1], by Ledoit and Wolf or as given.
   * 0 is the pseudo-inverse of the paper, which is blind to directions in which the data do not vary. @defaultValue 'ledoit-wolf'
   */
  readonly shrinkage?: Shrinkage;
  /**
   * In percent: at which height `'react'` cuts features off, and how many features `'ash'` drops and `'scale'` leaves out of its
   * second sum. @defaultValue 90 for react and ash, 85 for scale, as in the papers
   */
  readonly percentile?: number;
  /** Dimensions of the principal space of `'vim'`. @defaultValue 1000 of 2,048 features or more, 512 of 768, else half; never more than half of what the data span */
  readonly dimensions?: number;
}

/** What a detector and its model say of a batch. */
export interface Looks {
  /** One score for each example. */
  readonly scores: Float64Array;
  /** The logits, `[B, classes]`, row-major. */
  readonly logits: Float32Array;
}

/** A score that knows where the data are, ready to be asked; made by {@link fitDetector} and {@link restoreDetector}. */
export interface Detector {
  /** Which score it is. */
  readonly kind: DetectorKind;
  /** Name of the layer whose features are looked at; left out for a score of the logits. */
  readonly layer?: string;
  /**
   * One score for each example, higher = more in-distribution, after one forward pass.
   *
   * @param x - `[B, ...inputShape]`, finite; stays the caller's.
   */
  score(x: tf.Tensor, options?: ReadOptions): Promise<Float64Array>;
  /** The same with the logits that the model gives them, `[B, classes]`, row-major, from one forward pass. */
  look(x: tf.Tensor, options?: ReadOptions): Promise<Looks>;
  /** Number of classes of the model. */
  readonly classes: number;
  /** What turns the logits into probabilities. */
  readonly head: NonNullable<Classifier['head']>;
  /** The box of valid inputs. */
  readonly bounds: Classifier['bounds'];
  /** Plain data for JSON, from which {@link restoreDetector} makes the same detector on the same model. */
  save(): SavedDetector;
}

/** A detector as JSON holds it. */
export interface SavedDetector {
  /** What this is, and in which version. */
  readonly format: 'relu-overconfidence/detector@2';
  /** Which score it is. */
  readonly kind: DetectorKind;
  /** The layer; null for a score of the logits. */
  readonly layer: string | null;
  /** Shape of one input. */
  readonly inputShape: readonly number[];
  /** Number of classes. */
  readonly classes: number;
  /** Number of features; 0 for a score of the logits. */
  readonly size: number;
  /** What the model says of one fixed random input, by which it is known again. */
  readonly probe: readonly number[];
  /** What was learnt. */
  readonly parts: Readonly<Record<string, number | SavedArray>>;
}

/** An array of numbers as JSON holds it: their bytes, lowest first, in base 64. */
export interface SavedArray {
  /** What the bytes are. */
  readonly type: 'float32' | 'float64';
  /** The bytes in base 64. */
  readonly base64: string;
}

/** Characters that are made of bytes at a time: more would be too many arguments. */
const CHUNK = 0x8000;

/** The bytes of an array as text. */
export function saveArray(values: Float32Array | Float64Array): SavedArray {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return { type: values instanceof Float32Array ? 'float32' : 'float64', base64: btoa(text) };
}

/** The array of a text that {@link saveArray} made; anything else is refused. */
export function restoreArray(where: Where, saved: SavedArray): Float32Array | Float64Array {
  const [Type, width] = saved.type === 'float32' ? ([Float32Array, 4] as const) : ([Float64Array, 8] as const);
  try {
    const bytes = Uint8Array.from(atob(saved.base64), (letter) => letter.charCodeAt(0));
    if (bytes.length % width === 0) return new Type(bytes.buffer);
  } catch {
    // Refused below, as bytes that are cut off are.
  }
  return refuse(where, 'INVALID_DATA', 'a whole saved detector', 'one with damaged numbers', 'Copy the file again.');
}
