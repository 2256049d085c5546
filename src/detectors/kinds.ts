import { refuse } from '../core/check';
import type { Pausing } from '../core/pausing';
import { fitMahalanobis, mahalanobisScore, type Shrinkage } from './scores/mahalanobis';
import { fitGuidance, fitNeighbours, guidanceScore, meanNeighbourScore, neighbourScore } from './scores/neighbours';
import { energy, fitTemperature, generalizedEntropy, maxLogit, maxSoftmax, temperatureScore } from './scores/ofLogits';
import type { Look } from './scores/rounded';
import {
  byGroup,
  dot,
  type LinearHead,
  largest,
  meanRow,
  type Parts,
  type RowScore,
  row,
  type Sample,
} from './scores/rows';
import { ashScore, fitReact, fitShaping, reactScore, scaleScore } from './scores/shaping';
import { fitVim, vimScore } from './scores/vim';

/** What a score looks at: the logits, features, or features that the last layer is known of. */
export type Needs = 'logits' | 'features' | 'head';

/** The scores there are; see {@link fitDetector}. */
export type DetectorKind =
  | 'max-softmax'
  | 'max-logit'
  | 'energy'
  | 'generalized-entropy'
  | 'temperature'
  | 'mahalanobis'
  | 'relative-mahalanobis'
  | 'knn'
  | 'mean-knn'
  | 'nnguide'
  | 'she'
  | 'vim'
  | 'react'
  | 'ash'
  | 'scale'
  | 'fdbd';

/** One kind of score. */
interface Kind {
  readonly needs: Needs;
  /** How it is made ready for scoring: of the parts that were learnt and the number of features. */
  readonly score: (parts: Parts, size: number, look?: Look) => RowScore;
}

/** Every kind by its name: what it looks at, and its score. */
export const KINDS: Readonly<Record<DetectorKind, Kind>> = {
  'max-softmax': { needs: 'logits', score: () => (_, z) => maxSoftmax(z) },
  'max-logit': { needs: 'logits', score: () => (_, z) => maxLogit(z) },
  energy: { needs: 'logits', score: () => (_, z) => energy(z) },
  'generalized-entropy': { needs: 'logits', score: () => (_, z) => generalizedEntropy(z) },
  temperature: { needs: 'logits', score: temperatureScore },
  mahalanobis: { needs: 'features', score: mahalanobisScore },
  'relative-mahalanobis': { needs: 'features', score: mahalanobisScore },
  knn: { needs: 'features', score: neighbourScore },
  'mean-knn': { needs: 'features', score: meanNeighbourScore },
  nnguide: { needs: 'features', score: guidanceScore },
  she: { needs: 'features', score: sheScore },
  vim: { needs: 'head', score: vimScore },
  react: { needs: 'head', score: reactScore },
  ash: { needs: 'head', score: ashScore },
  scale: { needs: 'head', score: scaleScore },
  fdbd: { needs: 'head', score: fdbdScore },
};

/** The score of a kind, from what was learnt; pages, whose examples are few, do without the quick look. */
export function rowScoreOf(kind: DetectorKind, parts: Parts, size: number, look?: Look): RowScore {
  return KINDS[kind].score(parts, size, look);
}

/** The options that say how a score is learnt; see `FitDetectorOptions`. */
export interface FitSettings {
  readonly k?: number;
  readonly shrinkage?: Shrinkage;
  readonly percentile?: number;
  readonly dimensions?: number;
}

/** What a kind learns from data. */
export function* fitParts(
  fn: string,
  kind: DetectorKind,
  sample: Sample,
  head: LinearHead | undefined,
  { k, shrinkage = 'ledoit-wolf', percentile, dimensions }: FitSettings,
): Pausing<Parts> {
  switch (kind) {
    case 'temperature':
      return fitTemperature(sample);
    case 'mahalanobis':
    case 'relative-mahalanobis':
      return yield* fitMahalanobis(fn, sample, shrinkage, kind === 'relative-mahalanobis');
    case 'knn':
      return fitNeighbours(fn, sample, k ?? Math.min(5, sample.count));
    case 'mean-knn':
      return fitNeighbours(fn, sample, k ?? Math.min(3, sample.count));
    case 'nnguide':
      return fitGuidance(fn, sample, k ?? Math.min(10, sample.count));
    case 'she':
      return fitShe(sample);
    case 'vim':
      return yield* fitVim(fn, sample, head!, dimensions);
    case 'react':
      return fitReact(sample, head!, percentile ?? 90);
    case 'ash':
      return fitShaping(head!, percentile ?? 90);
    case 'scale':
      return fitShaping(head!, percentile ?? 85);
    case 'fdbd':
      return fitFdbd(fn, sample, head!);
    default:
      return {};
  }
}

/** For each class the mean of the features of the examples that the model gets right; NaN where there are none. */
function fitShe({ features, logits, groups, size, classes }: Sample): Parts {
  const patterns = new Float64Array(classes * size).fill(Number.NaN);
  for (const [k, rows] of byGroup(groups)) {
    const right = rows.filter((i) => largest(row(logits, i, classes)) === k);
    if (right.length > 0) patterns.set(meanRow(features, size, right), k * size);
  }
  return { patterns };
}

/** `phi . S_k`, S_k being the pattern of the predicted class; -Infinity for a class that the data have no example of. */
function sheScore({ patterns }: Parts, size: number): RowScore {
  return (features, logits) => {
    const pattern = row(patterns as Float64Array, largest(logits), size);
    return Number.isNaN(pattern[0]) ? Number.NEGATIVE_INFINITY : dot(features, pattern);
  };
}

/** The mean of the features, and how far the weights of each two classes lie apart. */
function fitFdbd(fn: string, { features, size, count, classes }: Sample, { weights }: LinearHead): Parts {
  const apart = new Float64Array(classes * classes);
  for (let i = 0; i < classes; i++)
    for (let j = 0; j < classes; j++) {
      const d = row(weights, i, size).map((value, at) => value - weights[j * size + at]!);
      apart[i * classes + j] = Math.sqrt(dot(d, d));
    }
  if (apart.every((length) => length === 0))
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a model whose classes have different weights',
      'one with the same weights for all',
      'Train it first.',
    );
  const all = Array.from({ length: count }, (_, i) => i);
  return { mean: meanRow(features, size, all), apart };
}

/**
 * `mean_{c != k} |z_k - z_c| / |w_k - w_c|  /  |phi - mean|`, k being the predicted class: the mean distance to the decision
 * boundaries. Classes with the weights of k have no boundary and do not count.
 */
function fdbdScore({ mean, apart }: Parts): RowScore {
  const lengths = apart as Float64Array;
  return (features, logits) => {
    const k = largest(logits);
    let [sum, boundaries] = [0, 0];
    for (let c = 0; c < logits.length; c++) {
      const length = lengths[k * logits.length + c]!;
      if (c === k || length === 0) continue;
      sum += Math.abs(logits[k]! - logits[c]!) / length;
      boundaries++;
    }
    const d = features.map((value, j) => value - (mean as Float64Array)[j]!);
    const far = Math.sqrt(dot(d, d));
    if (boundaries === 0) return 0;
    return far === 0 ? Number.POSITIVE_INFINITY : sum / boundaries / far;
  };
}
