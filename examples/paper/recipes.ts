import type { Method } from 'relu-overconfidence';

/** A data set of the paper that networks are trained on. */
export type TrainingSet = 'mnist' | 'svhn' | 'cifar10' | 'cifar100';
/** The paper's settings, or something that a laptop finishes in an evening. */
export type Preset = 'paper' | 'short';

/** All settings of a training; plain data, kept beside the weights. */
export interface Recipe {
  readonly architecture: 'lenet' | 'resnetSmall';
  readonly epochs: number;
  /** Steps that make an epoch; null for a pass over the data. */
  readonly stepsPerEpoch: number | null;
  readonly batchSize: number;
  readonly optimizer: 'adam' | 'momentum';
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Pixels of zeros around an image before it is cropped at random; 0 for no crop. */
  readonly crop: number;
  /** Whether images are mirrored at random. */
  readonly mirror: boolean;
  /** Out-distribution samples per clean example; 0 for plain training. */
  readonly lambda: number;
  /** The attack on them; null for plain training and CEDA. */
  readonly attack: AttackRecipe | null;
  readonly seed: number;
}

/** How ACET attacks its noise. */
export interface AttackRecipe {
  readonly name: 'pgdLinf' | 'maxConfidenceAttack';
  readonly epsilon: number;
  readonly steps: number;
}

/** The paper's settings (section 5, and its released experiments where the text is silent). */
function paperRecipe(dataset: TrainingSet, method: Method): Recipe {
  const digits = dataset === 'mnist';
  return {
    architecture: digits ? 'lenet' : 'resnetSmall',
    epochs: 100,
    stepsPerEpoch: null,
    batchSize: 128,
    optimizer: digits ? 'adam' : 'momentum',
    learningRate: digits ? 1e-3 : 0.1,
    weightDecay: 5e-4,
    crop: 4,
    mirror: dataset.startsWith('cifar'),
    lambda: method === 'plain' ? 0 : 1,
    attack: method === 'acet' ? { name: 'pgdLinf', epsilon: 0.3, steps: 40 } : null,
    seed: 1,
  };
}

/**
 * What the short preset changes: twenty short epochs, of a fifth of a pass over the 60,000 images of MNIST, through which the
 * learning rate falls as it does in 100, and no crops and mirrors, which pay only in long trainings. ACET takes half the
 * batch, fewer steps, and an attack that finds more in 10 gradients than the paper's in 40.
 */
function shortChanges(method: Method): Partial<Recipe> {
  const short = { epochs: 20, stepsPerEpoch: 94, crop: 0, mirror: false };
  if (method !== 'acet') return short;
  return { ...short, batchSize: 64, attack: { name: 'maxConfidenceAttack', epsilon: 0.3, steps: 10 } };
}

/** The settings of a training; `changes` go before those of the preset. */
export function recipe(
  dataset: TrainingSet,
  method: Method,
  preset: Preset,
  changes: Partial<Pick<Recipe, 'epochs' | 'stepsPerEpoch' | 'batchSize'>>,
): Recipe {
  return { ...paperRecipe(dataset, method), ...(preset === 'short' && shortChanges(method)), ...changes };
}
