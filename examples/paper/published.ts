import type { Method } from 'relu-overconfidence';

/** Numbers of a row of the paper's Table 1: MMC, AUROC and FPR@95. */
export interface PublishedRow {
  readonly meanMaxConfidence: number;
  readonly auroc?: number;
  readonly fprAt95?: number;
}

const row = (meanMaxConfidence: number, auroc: number, fprAt95: number): PublishedRow => ({
  meanMaxConfidence,
  auroc,
  fprAt95,
});

/** Table 1 of arXiv 1812.05720 for CIFAR-10, each row under the beginning of the name that ours has. */
export const CIFAR10: Readonly<
  Record<Method, { readonly testError: number; readonly rows: Readonly<Record<string, PublishedRow>> }>
> = {
  plain: {
    testError: 0.0887,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.949 },
      'CIFAR-100': row(0.764, 0.856, 0.715),
      SVHN: row(0.8, 0.85, 0.783),
      noise: row(0.825, 0.827, 0.818),
      'adversarial noise': row(1, 0.035, 1),
      'adversarial samples': row(1, 0.034, 1),
    },
  },
  ceda: {
    testError: 0.0887,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.946 },
      'CIFAR-100': row(0.761, 0.85, 0.72),
      SVHN: row(0.327, 0.978, 0.146),
      noise: row(0.1, 1, 0),
      'adversarial noise': row(0.985, 0.032, 0.983),
      'adversarial samples': row(1, 0.014, 1),
    },
  },
  acet: {
    testError: 0.0844,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.948 },
      'CIFAR-100': row(0.764, 0.852, 0.711),
      SVHN: row(0.263, 0.981, 0.118),
      noise: row(0.1, 1, 0),
      'adversarial noise': row(0.112, 0.999, 0.008),
      'adversarial samples': row(0.633, 0.512, 0.59),
    },
  },
};
