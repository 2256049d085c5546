/**
 * A radial basis function network: logits `f_k(x) = sum_l a_kl exp(-gamma |x - c_l|^2)`, without a bias, as in Theorem 3.2
 * of arXiv 1812.05720. Plain numbers, so it may also be written down by hand.
 */
export interface RbfNetwork {
  /** Shape of one input, without the batch axis. */
  readonly inputShape: readonly number[];
  /** Number d of entries of an input. */
  readonly inputSize: number;
  /** Number of classes K >= 2. */
  readonly classes: number;
  /** The M centres c_l, row after row: M x d. */
  readonly centres: Float64Array;
  /** How fast a centre's influence falls with the squared distance, in 1 / (input units)^2; > 0. */
  readonly gamma: number;
  /** The weights a_kl, row after row: K x M. */
  readonly weights: Float64Array;
}
