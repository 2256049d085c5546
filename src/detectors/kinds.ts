import type { Pausing } from '../core/pausing';
import { fdbdScore, fitFdbd } from './scores/fdbd';
import { fitMahalanobis, mahalanobisScore, type Shrinkage } from './scores/mahalanobis';
import { fitGuidance, fitNeighbours, guidanceScore, meanNeighbourScore, neighbourScore } from './scores/neighbours';
import { energy, generalizedEntropy, maxLogit, maxSoftmax } from './scores/ofLogits';
import type { Look } from './scores/rounded';
import type { LinearHead, Parts, RowScore, Sample } from './scores/rows';
import { ashScore, fitReact, fitShaping, reactScore, scaleScore } from './scores/shaping';
import { fitShe, sheScore } from './scores/she';
import { fitTemperature, temperatureScore } from './scores/temperature';
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
