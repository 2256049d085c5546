import { softmax } from '../../core/softmax';

/** What {@link trainWeights} learns from. */
export interface WeightTraining {
  /** Features in [0, 1] of n examples: n x m. */
  readonly features: Float64Array;
  /** Class of each example. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Factor of the sum of squared weights. */
  readonly weightDecay: number;
  readonly iterations: number;
}

/**
 * The weights (classes x m) that minimise mean cross entropy plus `weightDecay` times their sum of squares.
 *
 * The problem is convex. Nesterov's accelerated gradient descent, with the momentum set back whenever it points uphill,
 * needs no learning rate: the Hessian is at most F^T F / (2 n) + 2 weightDecay, and the largest row sum of a matrix
 * without negative entries bounds its largest eigenvalue.
 */
export function trainWeights(
  { features, labels, classes, weightDecay, iterations }: WeightTraining,
  onIteration?: (done: number) => void,
): Float64Array {
  const n = labels.length;
  const m = features.length / n;
  const stepSize = 1 / (largestRowSum(features, n, m) / (2 * n) + 2 * weightDecay);
  const weights = new Float64Array(classes * m);
  const ahead = weights.slice();
  let momentum = 1;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gradient = lossGradient(features, labels, ahead, classes);
    const nextMomentum = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    let uphill = 0;
    for (let i = 0; i < weights.length; i++) {
      const slope = gradient[i]! + 2 * weightDecay * ahead[i]!;
      const moved = ahead[i]! - stepSize * slope;
      const change = moved - weights[i]!;
      uphill += slope * change;
      weights[i] = moved;
      ahead[i] = moved + ((momentum - 1) / nextMomentum) * change;
    }
    momentum = uphill > 0 ? 1 : nextMomentum;
    onIteration?.(iteration + 1);
  }
  return weights;
}

/** Largest row sum of F^T F. */
function largestRowSum(features: Float64Array, n: number, m: number): number {
  const sums = new Float64Array(m);
  for (let i = 0; i < n; i++) {
    let total = 0;
    for (let l = 0; l < m; l++) total += features[i * m + l]!;
    for (let l = 0; l < m; l++) sums[l]! += features[i * m + l]! * total;
  }
  return sums.reduce((largest, sum) => Math.max(largest, sum));
}

/** Gradient of the mean cross entropy: `(softmax - onehot)^T F / n`. */
function lossGradient(
  features: Float64Array,
  labels: Int32Array,
  weights: Float64Array,
  classes: number,
): Float64Array {
  const n = labels.length;
  const m = features.length / n;
  const gradient = new Float64Array(weights.length);
  const errors = new Float64Array(classes);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < classes; k++) {
      let logit = 0;
      for (let l = 0; l < m; l++) logit += weights[k * m + l]! * features[i * m + l]!;
      errors[k] = logit;
    }
    softmax(errors);
    errors[labels[i]!]! -= 1;
    for (let k = 0; k < classes; k++) {
      const factor = errors[k]! / n;
      for (let l = 0; l < m; l++) gradient[k * m + l]! += factor * features[i * m + l]!;
    }
  }
  return gradient;
}
