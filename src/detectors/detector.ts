import type * as tf from '@tensorflow/tfjs-core';
import type { DataLike } from '../classifier/labelledData';
import type { Inputs, ReadOptions } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import type { FeatureRows, OpenedFeatures } from './features';
import { type DetectorKind, rowScoreOf } from './kinds';
import { roundedPoints } from './scores/rounded';
import { type Parts, row } from './scores/rows';
import { type Detector, type SavedDetector, saveArray } from './types';

/** What reads features and logits of a model. */
export interface Reader {
  readonly net: Classifier;
  readonly size: number;
  readonly layer: string | undefined;
  read(x: Inputs | DataLike, options?: ReadOptions): Promise<FeatureRows>;
  readonly head?: OpenedFeatures['head'];
}

/** All that a detector is made of. */
export interface DetectorParts {
  readonly kind: DetectorKind;
  readonly reader: Reader;
  readonly parts: Parts;
  readonly probe: readonly number[];
}

/** The detector of what was learnt. */
export function detectorOf({ kind, reader, parts, probe }: DetectorParts): Detector {
  const { net, size, layer } = reader;
  const score = rowScoreOf(kind, parts, size, roundedPoints);
  return {
    kind,
    ...(layer !== undefined && { layer }),
    classes: net.classes,
    head: net.head ?? 'softmax',
    bounds: net.bounds,
    score: async (x: tf.Tensor, options: ReadOptions = {}) => scoresOf(score, await reader.read(x, options)),
    look: async (x: tf.Tensor, options: ReadOptions = {}) => {
      const rows = await reader.read(x, options);
      return { scores: scoresOf(score, rows), logits: rows.logits };
    },
    save: (): SavedDetector => ({
      format: 'relu-overconfidence/detector@2',
      kind,
      layer: layer ?? null,
      inputShape: [...net.inputShape],
      classes: net.classes,
      size,
      probe: [...probe],
      parts: Object.fromEntries(
        Object.entries(parts).map(([name, part]) => [name, typeof part === 'number' ? part : saveArray(part)]),
      ),
    }),
  };
}

/** The score of every row. */
export function scoresOf(score: ReturnType<typeof rowScoreOf>, { features, logits, count }: FeatureRows): Float64Array {
  const [size, classes] = [features.length / count, logits.length / count];
  return Float64Array.from({ length: count }, (_, i) =>
    score(new Float64Array(row(features, i, size)), new Float64Array(row(logits, i, classes))),
  );
}
