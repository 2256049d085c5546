import type { Method } from 'relu-overconfidence';
import type { TrainingSet } from './recipes';

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

/** A data set's part of Table 1 of arXiv 1812.05720, each row under the beginning of the name that ours has. */
export type PublishedTable = Readonly<
  Record<Method, { readonly testError: number; readonly rows: Readonly<Record<string, PublishedRow>> }>
>;

const MNIST: PublishedTable = {
  plain: {
    testError: 0.0051,
    rows: {
      FashionMNIST: row(0.654, 0.972, 0.121),
      EMNIST: row(0.821, 0.883, 0.374),
      'gray CIFAR-10': row(0.492, 0.996, 0.003),
      noise: row(0.463, 0.998, 0),
      'adversarial noise': row(1, 0.031, 1),
      'adversarial samples': row(0.999, 0.358, 0.992),
    },
  },
  ceda: {
    testError: 0.0074,
    rows: {
      FashionMNIST: row(0.373, 0.994, 0.027),
      EMNIST: row(0.787, 0.895, 0.358),
      'gray CIFAR-10': row(0.105, 1, 0),
      noise: row(0.1, 1, 0),
      'adversarial noise': row(0.102, 0.998, 0.002),
      'adversarial samples': row(0.987, 0.549, 0.953),
    },
  },
  acet: {
    testError: 0.0066,
    rows: {
      FashionMNIST: row(0.239, 0.998, 0.003),
      EMNIST: row(0.752, 0.912, 0.313),
      'gray CIFAR-10': row(0.101, 1, 0),
      noise: row(0.1, 1, 0),
      'adversarial noise': row(0.162, 0.992, 0.042),
      'adversarial samples': row(0.854, 0.692, 0.782),
    },
  },
};

const CIFAR10: PublishedTable = {
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

const SVHN: PublishedTable = {
  plain: {
    testError: 0.0353,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.98 },
      'CIFAR-10': row(0.732, 0.938, 0.348),
      'CIFAR-100': row(0.73, 0.935, 0.35),
      noise: row(0.72, 0.943, 0.325),
      'adversarial noise': row(1, 0.004, 1),
      'adversarial samples': row(1, 0.004, 1),
    },
  },
  ceda: {
    testError: 0.035,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.977 },
      'CIFAR-10': row(0.551, 0.96, 0.209),
      'CIFAR-100': row(0.527, 0.959, 0.205),
      noise: row(0.1, 1, 0),
      'adversarial noise': row(0.946, 0.062, 0.94),
      'adversarial samples': row(0.995, 0.009, 0.994),
    },
  },
  acet: {
    testError: 0.0352,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.978 },
      'CIFAR-10': row(0.435, 0.973, 0.14),
      'CIFAR-100': row(0.414, 0.971, 0.139),
      noise: row(0.1, 1, 0),
      'adversarial noise': row(0.101, 1, 0),
      'adversarial samples': row(0.369, 0.778, 0.279),
    },
  },
};

const CIFAR100: PublishedTable = {
  plain: {
    testError: 0.3197,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.751 },
      SVHN: row(0.57, 0.71, 0.865),
      'CIFAR-10': row(0.56, 0.718, 0.856),
      noise: row(0.614, 0.672, 0.928),
      'adversarial noise': row(1, 0, 1),
      'adversarial samples': row(0.999, 0.01, 1),
    },
  },
  ceda: {
    testError: 0.3274,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.734 },
      SVHN: row(0.29, 0.874, 0.41),
      'CIFAR-10': row(0.547, 0.711, 0.855),
      noise: row(0.01, 1, 0),
      'adversarial noise': row(0.985, 0.015, 0.985),
      'adversarial samples': row(0.999, 0.012, 1),
    },
  },
  acet: {
    testError: 0.3224,
    rows: {
      'in-distribution': { meanMaxConfidence: 0.728 },
      SVHN: row(0.234, 0.912, 0.345),
      'CIFAR-10': row(0.53, 0.72, 0.86),
      noise: row(0.01, 1, 0),
      'adversarial noise': row(0.013, 0.998, 0.003),
      'adversarial samples': row(0.863, 0.267, 0.975),
    },
  },
};

/** Table 1 by what the networks were trained on, without LSUN and ImageNet-minus. */
export const TABLE_1: Readonly<Record<TrainingSet, PublishedTable>> = {
  mnist: MNIST,
  svhn: SVHN,
  cifar10: CIFAR10,
  cifar100: CIFAR100,
};

/** A column of Table 2, as it is printed. */
export interface PublishedAlpha {
  readonly medianAlpha: string;
  /** Share of overconfident samples, in per cent. */
  readonly overconfident: string;
}

/** Table 2 of arXiv 1812.05720, which has no CEDA. */
export const TABLE_2: Readonly<Record<TrainingSet, Readonly<Partial<Record<Method, PublishedAlpha>>>>> = {
  mnist: {
    plain: { medianAlpha: '1.5', overconfident: '98.7' },
    acet: { medianAlpha: '> 10^6', overconfident: '0.0' },
  },
  svhn: {
    plain: { medianAlpha: '28.1', overconfident: '99.9' },
    acet: { medianAlpha: '49.8', overconfident: '50.2' },
  },
  cifar10: {
    plain: { medianAlpha: '8.1', overconfident: '99.9' },
    acet: { medianAlpha: '45.3', overconfident: '3.4' },
  },
  cifar100: {
    plain: { medianAlpha: '9.9', overconfident: '99.8' },
    acet: { medianAlpha: '9.9', overconfident: '0.0' },
  },
};
