import { checkBounds, checkNonNegative, checkOneOf } from '../../core/check';
import { checkKeys, type KeysOf } from '../../core/checkKeys';
import { follow } from '../../core/follow';
import { atOnce } from '../../core/pausing';
import type { ProgressOptions } from '../../core/progress';
import { readRows, type Samples } from '../../regions/readRows';
import type { PiecewiseAffine } from '../../regions/types';
import type { Norm } from './ball';
import { type BoundMethod, confidenceOverBox } from './confidenceOverBox';
import { type Arithmetic, ballIn } from './interval';

/** Options of {@link certifiedMaxConfidence}. Progress is counted in inputs; the call is synchronous. */
export interface CertifyOptions extends ProgressOptions {
  /**
   * 'interval' propagates intervals, in the time of a few evaluations; 'crown' bounds every unit that the intervals leave open
   * by linear functions of the input, and is never looser. @defaultValue 'crown'
   */
  readonly method?: BoundMethod;
  /**
   * How the distance from an input is measured: by the largest difference of two entries ('linf'), by its Euclidean length
   * ('l2') or by the sum of all ('l1'). @defaultValue 'linf'
   */
  readonly norm?: Norm;
  /** The box of valid inputs `[low, high]`, in input units. @defaultValue [0, 1] */
  readonly bounds?: readonly [number, number];
  /**
   * Whose confidence is bounded: 'float32' for the softmax of the logits that tfjs computes in float32, see below for the
   * backends; 'real' for the network in exact arithmetic on the same weights. @defaultValue 'float32'
   */
  readonly arithmetic?: Arithmetic;
}

const fn = 'certifiedMaxConfidence';
const KEYS: KeysOf<CertifyOptions> = {
  method: true,
  norm: true,
  bounds: true,
  arithmetic: true,
  onProgress: true,
  signal: true,
};

/**
 * Upper bounds on the confidence at every point of the box within a distance of an input, in the L-infinity norm unless told
 * otherwise: no attack of that radius can reach more.
 *
 * With upper bounds u_kj on the differences of logits, `z_k - z_j <= u_kj`, every confidence is at most
 * `max_k 1 / sum_j exp(-u_kj)` (u_kk = 0). The differences are bounded as one function each, by interval bound propagation
 * (Bitterwolf, Meinke and Hein, GOOD, 2020) or by linear relaxation of the units (Zhang et al., CROWN, 2018), layer after
 * layer. A ball of another norm is bounded by the dual norms of what is linear in the input, and by the box around it, whichever
 * is lower. Every operation is rounded outwards, so that the bounds hold for the numbers and not only on paper. At epsilon 0
 * they are the confidences, up to rounding.
 *
 * A float32 evaluation differs from the exact network. By default its error is bounded too, from the sizes of all values in
 * the ball, and added. That covers every backend whose products and sums are rounded to nearest float32, in whatever order
 * they are added, with or without fused products, whether or not it flushes numbers below 2^-126 to zero, with convolutions
 * as sums or by the kernels of `enableWasmTraining`; and the bound is 1 where float32 might overflow. It covers no half
 * precision (WebGL on some phones), no TF32 or bfloat16, and no other fast convolutions than ours (cuDNN under tfjs-node-gpu).
 *
 * The confidence is the one of `confidences`: the softmax in float64 of the float32 logits. A softmax layer that
 * `model.predict` evaluates rounds once more, by a few millionths of the confidence, which may lie above the bound by that.
 *
 * @param net - A network read by `toPiecewiseAffine`.
 * @param x - A batch `[n, ...inputShape]`, or n flat lists of d numbers, inside the bounds.
 * @param epsilon - Radius of the ball, in input units, >= 0.
 * @returns One bound for each input, in [1/K, 1].
 * @throws OverconfidenceError `INVALID_OPTION` for epsilon, an option out of range or an unknown one; `INVALID_ARGUMENT`, `INVALID_SHAPE`,
 *   `EMPTY_INPUT`, `NON_FINITE` or `OUT_OF_BOUNDS` for `x`; `MISSING_KERNEL` for a tensor on webgpu; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { certifiedMaxConfidence } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * console.log(certifiedMaxConfidence(net, [[0.5, 0.5]], 0.05)); // no confidence in the ball is higher
 * console.log(certifiedMaxConfidence(net, [[0.5, 0.5]], 0.05, { method: 'interval' })); // faster, and looser
 * ```
 */
export function certifiedMaxConfidence(
  net: PiecewiseAffine,
  x: Samples,
  epsilon: number,
  options: CertifyOptions = {},
): Float64Array {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { method = 'crown', norm = 'linf', bounds = [0, 1], arithmetic = 'float32', ...watching } = options;
  checkNonNegative({ fn, argument: 'epsilon' }, epsilon);
  checkOneOf({ fn, argument: 'method' }, method, ['interval', 'crown']);
  checkOneOf({ fn, argument: 'norm' }, norm, ['linf', 'l2', 'l1']);
  checkOneOf({ fn, argument: 'arithmetic' }, arithmetic, ['float32', 'real']);
  checkBounds({ fn, argument: 'bounds' }, bounds);
  const where = { fn, argument: 'x' };
  const boxes = readRows(where, net, x).map((row) => ballIn(where, row, epsilon, { norm, bounds, arithmetic }));
  const tell = follow(fn, watching, boxes.length);
  return Float64Array.from(boxes, (box, i) => {
    const confidence = atOnce(confidenceOverBox(net, box, method, arithmetic));
    tell(i + 1, 'inputs');
    return confidence;
  });
}
